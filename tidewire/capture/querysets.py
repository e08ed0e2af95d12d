"""LiveQuerySet: a queryset with `touch` and `update_unnoted`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import models

from tidewire.capture import bulk, originals

M = TypeVar("M", bound=models.Model)


class LiveQuerySet(models.QuerySet[M]):
    """A queryset with `touch`. Writes of a live model are noted by every queryset; this one is a convenience.

    For type checkers, `as_manager()` returns the queryset: the manager has its methods, also those of a subclass.
    """

    if TYPE_CHECKING:  # what the stubs of Django leave out

        @classmethod
        def as_manager(cls) -> Self: ...  # pyright: ignore[reportIncompatibleMethodOverride]  see above

    def touch(self, intent: str | None = None) -> int:
        """Raises the version of each row and notes it as updated; `intent` names the event instead of `updated`."""
        return bulk.touch(self, intent)

    touch.alters_data = True  # pyright: ignore[reportFunctionMemberAccess]  templates look for it

    def update_unnoted(self, **values: Any) -> int:
        """Updates columns that no reader sees, such as the time of the last use: no event, and no version is raised."""
        return originals.update(self, **values)

    update_unnoted.alters_data = True  # pyright: ignore[reportFunctionMemberAccess]  templates look for it
