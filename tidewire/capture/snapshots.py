"""REST answers that carry their stream's position, so that a client can subscribe without missing anything.

The position is read before the rows. What commits in between is then in the rows *and* after the position: the client
sees it twice, which is harmless (events carry the full state), and never misses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Model

from tidewire.declare.registry import registry
from tidewire.ground.positions import Position
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.log.building import object_name
from tidewire.log.heads import position

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

HEADER = "Tidewire-Position"


def position_header(positions: Iterable[Position]) -> str:
    """Returns the header's value: `room:0197…; epoch=3f…; offset=176`, several separated by commas."""
    return ", ".join(f"{p.channel}; epoch={p.epoch}; offset={p.offset}" for p in positions)


def written_positions(events: Iterable[RecordedEvent]) -> list[Position]:
    """Returns the position of the last of these events in each of their streams."""
    last = {event.stream: Position(event.stream, event.epoch, event.offset) for event in events}
    return list(last.values())


@dataclass(frozen=True, slots=True)
class Written:
    """The answer of a view to a write: the state of the row as the write's own event shows it.

    The row was read again and serialised for the event, which is not done twice. `otherwise` returns the state where
    the write made no event.
    """

    row: Model
    otherwise: Callable[[], Any]

    def state(self, events: Iterable[RecordedEvent]) -> Any:
        """Returns the state of the row after these events of its transaction."""
        name = object_name(type(self.row), self.row.pk)
        shown = [e.data for e in events if e.object == name and e.type not in registry.deletion_types]
        return shown[-1] if shown else self.otherwise()


if TYPE_CHECKING:

    class _ReadViews:
        """The class after the mixin: ListModelMixin, RetrieveModelMixin, or both."""

        def list(self, request: Request, *args: Any, **kwargs: Any) -> Response: ...
        def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response: ...

else:
    _ReadViews = object


class SnapshotMixin(_ReadViews):
    """For a DRF viewset: lists carry their stream's position in the body, details in a header."""

    def get_stream(self) -> str | None:
        """Returns the name of the stream that this list or detail belongs to, or None."""
        raise NotImplementedError(f"{type(self).__name__} must define get_stream()")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        before = self._position()
        response = super().list(request, *args, **kwargs)
        response.data["stream"] = before.as_json() if before else None
        return response

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        before = self._position()
        response = super().retrieve(request, *args, **kwargs)
        if before:
            response[HEADER] = position_header([before])
        return response

    def _position(self) -> Position | None:
        stream = self.get_stream()
        return position(stream) if stream else None
