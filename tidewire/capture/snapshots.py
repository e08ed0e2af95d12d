"""REST answers that carry their stream's position, so that a client can subscribe without missing anything.

The position is read before the rows. What commits in between is then in the rows *and* after the position: the client
sees it twice, which is harmless (events carry the full state), and never misses it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Model
from rest_framework.exceptions import NotFound
from rest_framework.permissions import BasePermission

from tidewire.declare.registry import registry
from tidewire.ground.positions import Position
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.log.building import object_name
from tidewire.log.heads import shared_position

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
        shown = [e.data for e in events if e.object == name and not registry.is_deletion(e.stream, e.type)]
        return self.otherwise() if not shown or shown[-1] is None else shown[-1]


if TYPE_CHECKING:

    class _ReadViews:
        """The class after the mixin: ListModelMixin, RetrieveModelMixin, or both."""

        def list(self, request: Request, *args: Any, **kwargs: Any) -> Response: ...
        def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response: ...

else:
    _ReadViews = object


def _ends_at(method: Any) -> bool:
    """Returns whether a method answers by itself: it never calls `super()`."""
    code = getattr(inspect.unwrap(method), "__code__", None) if method else None
    return code is not None and "__class__" not in code.co_freevars


class SnapshotMixin(_ReadViews):
    """For a DRF viewset: lists carry their stream's position in the body, details and bare arrays in a header.

    It stands before the classes that answer (`class Tickets(SnapshotMixin, ModelViewSet)`). In the other order the
    answers would have no position, so such a class is refused with a TypeError. Who may read is decided by
    `permission_classes` and `get_queryset`, as in any view, not by `get_stream`.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        before = cls.__mro__[: cls.__mro__.index(SnapshotMixin)]
        for other in (other for other in before if not issubclass(other, SnapshotMixin)):
            if shadowed := [name for name in ("list", "retrieve") if _ends_at(vars(other).get(name))]:
                base = next(base for base in cls.__bases__ if issubclass(base, other)).__name__
                raise TypeError(
                    f"{cls.__qualname__}: {base} stands before SnapshotMixin and answers {shadowed[0]}() without a "
                    f"position. Write class {cls.__name__}(SnapshotMixin, …, {base})"
                )

    def get_stream(self) -> str | None:
        """Returns the name of the stream that this list or detail belongs to, or None.

        It names the stream and checks nothing: it is called for reads only. A check belongs into `permission_classes`,
        such as ReadsStream.
        """
        raise NotImplementedError(f"{type(self).__name__} must define get_stream()")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        before = self._position()
        response = super().list(request, *args, **kwargs)
        if isinstance(response.data, bytes):  # encoded, with its position
            return response
        if isinstance(response.data, dict):
            response.data["stream"] = before.as_json() if before else None
            return response
        return _with_header(response, before)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        before = self._position()
        return _with_header(super().retrieve(request, *args, **kwargs), before)

    def _position(self) -> Position | None:
        stream = self.get_stream()
        read: Callable[[str], Position] = getattr(super(), "position_of", shared_position)
        return read(stream) if stream else None


def _with_header(response: Response, before: Position | None) -> Response:
    if before:
        response[HEADER] = position_header([before])
    return response


class ReadsStream(BasePermission):
    """A permission for views with `get_stream`: callers may use the view when they may subscribe to its stream.

    So a list and its events have the same readers. Other callers are answered as if there was nothing (404). A view
    whose `get_stream` returns None is not restricted.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        name = view.get_stream()
        if name is None:
            return True
        kind, key = registry.kind_of(name), name.partition(":")[2]
        if kind is None or request.user.pk is None or not kind.may_subscribe(str(request.user.pk), {key}):
            raise NotFound()
        return True
