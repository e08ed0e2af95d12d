"""What an application may say about a model to make it live.

Declarations are made in a module `live.py` of an installed app, which is imported at start as `admin.py` is:

    rooms = StreamKind("room", may_subscribe=readable_room_ids)

    register(
        Live(Message, stream=rooms.of("room_id"), serializer=MessageSerializer,
             created="message.created", updated="message.edited", deleted="message.deleted"),
    )

From then on every committed write of a Message is an event of its room's stream.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, prefetch_related_objects

from tidewire.declare.kinds import StreamField, StreamKind, declared_here
from tidewire.queries.prepared_query import PreparedQuery

EVERYONE = "*"
"""`ends_access` answers this when everybody's access to the stream must be asked again after the event."""


def _primary_key(instance: Any) -> dict[str, str]:
    return {"id": str(instance.pk)}


def _nobody(type: str, instance: Any) -> None:
    return None


def _never(instance: Any) -> bool:
    return False


@dataclass(frozen=True, eq=False)
class Live:
    """A model whose rows are events of one stream.

    model: a LiveModel.
    stream: the column with the stream's key, `kind.of("room_id")`.
    serializer: a DRF serializer class. Its output is the event's `data`; it gets no request in its context.
    queryset: how changed rows are re-read in bulk, with what the serializer needs joined in; all rows by default.
    complete_new: given a row that this transaction created, and in which it changed nothing since, puts on it what
        `queryset` would prefetch: nothing refers to the row yet, so there is nothing to look for.
    created, updated, deleted: the event types; None where such a change is no event of this stream.
    intents: further types of updates, which say why; the writer chooses one with `intents.updates_named`.
    key, key_schema: the `data` of the deletion event, which carries the key only, and the serializer documenting it.
    is_deleted: true for a row that is kept but counts as deleted.
    ends_access: called with each event's type and its row; names the user whose access to the stream may have ended
        with it (or EVERYONE). Nothing later is sent to them until their access was asked again.
    is_paced: updates keep the pace of the stream's kind: of many in a short time the last one is told, and is told.
    """

    model: type
    stream: StreamField
    serializer: type
    created: str | None = None
    updated: str | None = None
    deleted: str | None = None
    intents: tuple[str, ...] = ()
    queryset: Callable[[], Any] | None = None
    key: Callable[[Any], dict[str, Any]] = _primary_key
    key_schema: type | None = None
    is_deleted: Callable[[Any], bool] = _never
    ends_access: Callable[[str, Any], str | None] = _nobody
    complete_new: Callable[[Any], None] | None = None
    is_rate_limited: bool = False
    declared_at: str = field(init=False, default_factory=declared_here)

    def rows(self, pks: Iterable[Any], using: str, new: Collection[Any] = ()) -> list[Any]:
        """The rows with these keys as they are now, read in one query. `new` are those that were only created."""
        pks = list(pks)
        rows = self._row.all(using, pks[0]) if self._is_one(pks) else list(self._all.using(using).filter(pk__in=pks))
        known = [row for row in rows if row.pk in new] if self.complete_new else []
        for row in known:
            self.complete_new(row)
        if self._prefetched and len(known) < len(rows):
            known = set(known)
            prefetch_related_objects([row for row in rows if row not in known], *self._prefetched)
        return rows

    def states(self, rows: Iterable[Any]) -> list[Any]:
        """What REST answers for these rows. The serializer is made once: making it takes longer than its work."""
        return [self._serializer.to_representation(row) for row in rows]

    @cached_property
    def _serializer(self) -> Any:
        return self.serializer()

    @property
    def _all(self) -> QuerySet:
        rows = self.queryset() if self.queryset else self.model._base_manager.all()
        return rows.prefetch_related(None)

    @cached_property
    def _prefetched(self) -> tuple[Any, ...]:
        return self.queryset()._prefetch_related_lookups if self.queryset else ()

    @cached_property
    def _row(self) -> PreparedQuery:
        return PreparedQuery(lambda pk: self._all.filter(pk=pk))

    @staticmethod
    def _is_one(pks: list[Any]) -> bool:
        """Most transactions change one row of a kind."""
        return len(pks) == 1 and isinstance(pks[0], UUID)

    @property
    def owns_stream(self) -> bool:
        """The stream is this very row's, and ends with it."""
        return self.stream.attname == self.model._meta.pk.attname

    @property
    def types(self) -> dict[str, bool]:
        """Event type → whether its data is the key only."""
        full = {type: False for type in (self.created, self.updated, *self.intents) if type}
        return full | ({self.deleted: True} if self.deleted else {})


@dataclass(frozen=True, eq=False)
class Touch:
    """A model whose rows are part of another live resource, such as the reactions of a message.

    Creating or deleting such a row raises the version of its parent and records the named event with the *parent's*
    full state. `parent` is the name of the foreign key.
    """

    model: type
    parent: str
    created: str | None = None
    updated: str | None = None
    deleted: str | None = None
    declared_at: str = field(init=False, default_factory=declared_here)

    @property
    def parent_model(self) -> type:
        return self.model._meta.get_field(self.parent).related_model

    @property
    def parent_attname(self) -> str:
        return self.model._meta.get_field(self.parent).attname


@dataclass(frozen=True, eq=False)
class Fact:
    """An event that is no row's state: something happened, and the application says so with `facts.record`.

    type: the event's type, such as "samples.recorded".
    kind: the kind of stream that it is told in.
    serializer: a DRF serializer class. Its output, for what `record` is given, is the event's `data`.
    merge: makes one `data` of an earlier and a later one about the same object, or answers None when that would be too
        much for one event. A fact that can be merged keeps the pace of its kind, and nothing of it is lost.
    """

    type: str
    kind: StreamKind
    serializer: type
    merge: Callable[[Any, Any], Any] | None = None
    declared_at: str = field(init=False, default_factory=declared_here)
