"""The base of querysets of models that are not live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class RowQuerySet(models.QuerySet[M]):
    """Django's queryset. For type checkers, `as_manager()` has its methods, also those of a subclass."""

    if TYPE_CHECKING:

        def _raw_delete(self, using: str | None) -> int: ...

        @classmethod
        def as_manager(cls) -> Self: ...  # pyright: ignore[reportIncompatibleMethodOverride]  see above
