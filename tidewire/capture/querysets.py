"""LiveQuerySet: a queryset that can touch rows, and write what no reader sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import models

from tidewire.capture import bulk, originals

M = TypeVar("M", bound=models.Model)


class LiveQuerySet(models.QuerySet[M]):
    """A queryset with writes of our own. Django's writes are noted by every queryset of a live model.

    For type checkers, `as_manager()` returns the queryset: the manager has its methods, also those of a subclass.
    """

    if TYPE_CHECKING:  # what the stubs of Django leave out

        @classmethod
        def as_manager(cls) -> Self: ...  # pyright: ignore[reportIncompatibleMethodOverride]  see above

    def touch(self, intent: str | None = None) -> int:
        """Raises the version of each row and notes it as updated; `intent` names the event instead of `updated`."""
        return bulk.touch(self, intent)

    def update_unnoted(self, **values: Any) -> int:
        """Updates columns that no reader sees, such as the time of the last use: no event, and no version is raised."""
        return originals.update(self, **values)

    def raw_delete_unnoted(self) -> int:
        """Deletes the rows in one statement: no event, and nothing cascades. For rows that no reader sees any more."""
        return originals.raw_delete(self, self.db)


for _method in ("touch", "update_unnoted", "raw_delete_unnoted"):
    setattr(getattr(LiveQuerySet, _method), "alters_data", True)  # noqa: B010  templates must not call them
