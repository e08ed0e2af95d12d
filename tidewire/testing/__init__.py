"""Public: for tests of live models in Django's TestCase, which never commits, so no event would be recorded."""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, connections

from tidewire.ground.recorded_event import RecordedEvent
from tidewire.transactions.commit import record_noted

__all__ = ["record_now"]


def record_now(using: str = DEFAULT_DB_ALIAS) -> list[RecordedEvent]:
    """Records the changes noted so far inside the open transaction, as COMMIT would, and returns their events."""
    return record_noted(connections[using])
