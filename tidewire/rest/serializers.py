"""Base classes of serializers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model
from rest_framework.serializers import ModelSerializer, Serializer, ValidationError

M = TypeVar("M", bound=Model)


# A serializer that shows a row. A docstring here would be the description of every subclass in openapi.yaml.
class RowSerializer(ModelSerializer[M]):
    if TYPE_CHECKING:  # DRF's stubs declare a Meta that its ModelSerializer does not have
        Meta: Any


def column(model: type[Model], name: str) -> Any:
    """Returns a column of a model, whose bounds a serializer repeats."""
    return model._meta.get_field(name)


class ReusedSerializer:
    """A serializer of request bodies that is made once per thread, because copying its fields takes longer than their
    work. For the busiest URLs."""

    def __init__(self, serializer_class: type[Serializer[Any]]) -> None:
        self._serializer_class = serializer_class
        self._this = threading.local()

    def validated(self, data: Any, **context: Any) -> dict[str, Any]:
        """Returns the `validated_data` of a new serializer. Raises ValidationError as its `is_valid` does."""
        try:
            return self._made(context).run_validation(data)
        except ValidationError:  # a new serializer formats the errors
            self._serializer_class(data=data, context=context).is_valid(raise_exception=True)
            raise

    def _made(self, context: dict[str, Any]) -> Serializer[Any]:
        serializer = getattr(self._this, "serializer", None)
        if serializer is None:
            serializer = self._this.serializer = self._serializer_class()
        serializer._context = context
        return serializer
