"""A serializer of a request's data that is made once in a thread: copying its fields takes longer than their work."""

from __future__ import annotations

import threading
from typing import Any

from rest_framework.serializers import Serializer, ValidationError


class Reused:
    """For the addresses that are written to most."""

    def __init__(self, serializer_class: type[Serializer]) -> None:
        self._serializer_class = serializer_class
        self._this = threading.local()

    def validated(self, data: Any, **context: Any) -> dict[str, Any]:
        """What a new serializer's `validated_data` would be. Raises ValidationError as its `is_valid` would."""
        try:
            return self._made(context).run_validation(data)
        except ValidationError:  # a new one knows how to say what is wrong
            self._serializer_class(data=data, context=context).is_valid(raise_exception=True)
            raise

    def _made(self, context: dict[str, Any]) -> Serializer:
        serializer = getattr(self._this, "serializer", None)
        if serializer is None:
            serializer = self._this.serializer = self._serializer_class()
        serializer._context = context
        return serializer
