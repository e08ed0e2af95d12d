"""REST answers that carry their stream's position, so that a client can subscribe without missing anything.

The position is read before the rows. What commits in between is then in the rows *and* after the position: the client
sees it twice, which is harmless (events carry the full state), and never misses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from tidewire.declare.registry import registry
from tidewire.ground.positions import Page, Position
from tidewire.ground.recorded import Recorded
from tidewire.log.building import object_name
from tidewire.log.heads import position
from tidewire.transactions.commit import record_ahead, recorded_events, records_at_commit

__all__ = [
    "HEADER",
    "Page",
    "Position",
    "SnapshotMixin",
    "Written",
    "position",
    "position_header",
    "record_ahead",
    "recorded_events",
    "records_at_commit",
    "written_positions",
]

HEADER = "Tidewire-Position"


def position_header(positions: Iterable[Position]) -> str:
    """`room:0197…; epoch=3f…; offset=176`, several separated by commas."""
    return ", ".join(f"{p.channel}; epoch={p.epoch}; offset={p.offset}" for p in positions)


def written_positions(events: Iterable[Recorded]) -> list[Position]:
    """The position after the last of these events, for each stream they went to."""
    last = {event.stream: Position(event.stream, event.epoch, event.offset) for event in events}
    return list(last.values())


@dataclass(frozen=True, slots=True)
class Written:
    """What a view answers with for a row that it wrote: the state that the write's own event shows, which was read and
    serialised anyway. Where the write made no event, `otherwise` answers."""

    row: Model
    otherwise: Callable[[], Any]

    def state(self, events: Iterable[Recorded]) -> Any:
        name = object_name(type(self.row), self.row.pk)
        shown = [e.data for e in events if e.object == name and e.type not in registry.deletion_types]
        return shown[-1] if shown else self.otherwise()


class SnapshotMixin:
    """For a DRF viewset: lists carry their stream's position in the body, details in a header.

    `get_stream()` names the stream that this list or detail belongs to, or answers None.
    """

    def get_stream(self) -> str | None:
        raise NotImplementedError(f"{type(self).__name__} must say which stream it belongs to")

    def list(self, request, *args, **kwargs):
        before = self._position()
        response = super().list(request, *args, **kwargs)
        response.data["stream"] = before.as_json() if before else None
        return response

    def retrieve(self, request, *args, **kwargs):
        before = self._position()
        response = super().retrieve(request, *args, **kwargs)
        if before:
            response[HEADER] = position_header([before])
        return response

    def _position(self) -> Position | None:
        stream = self.get_stream()
        return position(stream) if stream else None
