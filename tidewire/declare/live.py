"""What an application declares about a model to make it live.

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
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey, Model, QuerySet, prefetch_related_objects

from tidewire.declare.kinds import StreamField, StreamKind, declared_here
from tidewire.declare.shown import shown_names
from tidewire.declare.topics import Topic
from tidewire.queries.prepared_query import PreparedQuery

if TYPE_CHECKING:
    from rest_framework.serializers import BaseSerializer

M = TypeVar("M", bound=Model)
V = TypeVar("V")

EVERYONE = "*"
"""`ends_access` returns this when the access of all readers of the stream must be checked again after the event."""


def _primary_key(instance: Model) -> dict[str, str]:
    return {"id": str(instance.pk)}


def _ends_no_access(type: str, instance: Model) -> None:
    return None


def _is_not_deleted(instance: Model) -> bool:
    return False


def _name(model: Any) -> str:
    return getattr(model, "__name__", repr(model))


@dataclass(frozen=True, eq=False)
class Live(Generic[M]):
    """A model whose rows are events of one stream.

    model: any model.
    stream: the column with the stream's key, `kind.of("room_id")`. It may be one of a row that this one refers to,
        `kind.of("ticket__project_id")`: then a row moves with its own reference, but when the ticket moves to another
        project, its rows have no event.
    serializer: a DRF serializer class. Its output is the event's `data`; it gets no request in its context.
    queryset: returns the queryset by which changed rows are read again, with what the serializer needs joined in. The
        default manager's by default. A row that it leaves out counts as deleted.
    fields: the only fields and relations whose writes are events. A write of others raises no version either.
    ignore: fields and relations whose writes are no events, such as "last_login". Not together with `fields`.
    complete_new: called with a row that this transaction created and did not change since. It puts on the row what
        `queryset` would prefetch: no other row refers to it yet, so no query is needed.
    created, updated, deleted: the event types. None where such a change is no event of this stream.
    intents: further types of updates, which say why. The writer chooses one with `tidewire.updates_named`; creations
        and deletions keep their own.
    key, key_schema: the `data` of the deletion event, which carries the key only, and the serializer documenting it.
    is_deleted: returns true for a row that is kept but counts as deleted. A row that is restored is created again.
    ends_access: called with each event's type and its row. Returns the key of the user whose access to the stream may
        have ended with it, EVERYONE, or None. Later events are withheld from them until their access was checked again.
    is_rate_limited: updates keep to the rate of the stream's kind. Of many updates in a short time the last one is sure
        to become an event.
    searched: the columns of text by which rows are found, such as ("text",). The database keeps an index of them, and a
        view with `SearchMixin` searches it. The serializer shows them under the same names.
    topic: the topic of MQTT whose messages create rows.
    """

    model: type[M]
    stream: StreamField
    serializer: type[BaseSerializer[M]]
    created: str | None = None
    updated: str | None = None
    deleted: str | None = None
    intents: tuple[str, ...] = ()
    queryset: Callable[[], QuerySet[M]] | None = None
    fields: Collection[str] | None = None
    ignore: Collection[str] = ()
    key: Callable[[M], dict[str, Any]] = _primary_key
    key_schema: type[BaseSerializer[Any]] | None = None
    is_deleted: Callable[[M], bool] = _is_not_deleted
    ends_access: Callable[[str, M], str | None] = _ends_no_access
    complete_new: Callable[[M], None] | None = None
    is_rate_limited: bool = False
    searched: tuple[str, ...] = ()
    topic: Topic | None = None
    declared_at: str = field(init=False, default_factory=declared_here)

    def __str__(self) -> str:
        kind = getattr(getattr(self.stream, "kind", None), "name", None)
        return f"Live({_name(self.model)}, stream={kind!r})"

    def rows(self, pks: Iterable[Any], using: str, new: Collection[Any] = ()) -> list[M]:
        """Returns the rows with these keys as they are now, read in one query and one for each prefetch.

        `new` are the keys of rows that this transaction created and did not change since.
        """
        pks = list(pks)
        is_one = len(pks) == 1  # as in most transactions
        rows = self._row.all(using, pks[0]) if is_one else list(self._found(pks, using))
        completed: set[M] = set()
        if self.complete_new is not None:
            completed.update(row for row in rows if row.pk in new)
            for row in completed:
                self.complete_new(row)
        if self._prefetched and len(completed) < len(rows):
            prefetch_related_objects([row for row in rows if row not in completed], *self._prefetched)
        return rows

    def states(self, rows: Iterable[M]) -> list[Any]:
        """Returns what REST answers for these rows."""
        return [self._serializer.to_representation(row) for row in rows]

    @cached_property
    def _serializer(self) -> BaseSerializer[M]:
        """One for all rows: to make a serializer takes longer than its work."""
        return self.serializer()

    # -- which rows its readers see ----------------------------------------------------------------------------------

    @property
    def may_hide(self) -> bool:
        """Whether there may be rows that its readers do not see."""
        return self.is_deleted is not _is_not_deleted or self._is_filtered

    def shown(self, rows: Iterable[M], using: str) -> set[Any]:
        """Returns the keys of those of these rows that its readers see. They are in the database as they are here."""
        pks = {row.pk for row in rows if not self.is_deleted(row)}
        return set(self._found(pks, using).values_list("pk", flat=True)) if pks and self._is_filtered else pks

    def hidden_rows(self, pks: Collection[Any], using: str) -> Iterable[M]:
        """Returns the rows with these keys, also those that its readers do not see."""
        rows: QuerySet[M] = QuerySet(self.model, using=using)
        return rows.filter(pk__in=pks) if pks else ()

    def _found(self, pks: Iterable[Any], using: str) -> QuerySet[M]:
        return self._all.using(using).filter(pk__in=list(pks))

    @cached_property
    def _is_filtered(self) -> bool:
        return bool(self._all.query.where)

    @property
    def _all(self) -> QuerySet[M]:
        rows = self._declared.prefetch_related(None)
        return rows.select_related(self.stream.relation) if self.stream.relation else rows

    @property
    def _declared(self) -> QuerySet[M]:
        return self.queryset() if self.queryset else self.model._default_manager.all()

    @cached_property
    def _prefetched(self) -> tuple[Any, ...]:
        return getattr(self._declared, "_prefetch_related_lookups", ())

    @cached_property
    def _row(self) -> PreparedQuery[M, [Any]]:
        def row(pk: Any) -> QuerySet[M]:
            return self._all.filter(pk=pk)

        return PreparedQuery(row)

    # -- which writes are events -------------------------------------------------------------------------------------

    @property
    def is_narrowed(self) -> bool:
        """Whether some writes of a row are no events."""
        return self.fields is not None or bool(self.ignore)

    def concerns(self, names: Collection[str]) -> bool:
        """Returns whether a write of the fields and relations of these names is an event."""
        return any(name in self.fields for name in names) if self.fields is not None else not {*names} <= {*self.ignore}

    def shows(self, relation: str) -> bool:
        """Returns whether its data changes with the rows at the other end of a many-to-many relation.

        Without `fields` and `ignore` the serializer says so. One with code of its own may show anything.
        """
        if self.is_narrowed and not self.concerns([relation]):
            return False
        return self.fields is not None or self._shown is None or relation in self._shown | self._prefetched_names

    @cached_property
    def _shown(self) -> frozenset[str] | None:
        return shown_names(self._serializer, self.model)

    @cached_property
    def _prefetched_names(self) -> set[str]:
        return {str(getattr(lookup, "prefetch_to", lookup)).partition("__")[0] for lookup in self._prefetched}

    # -- names -------------------------------------------------------------------------------------------------------

    @property
    def owns_stream(self) -> bool:
        """Whether the stream is the row's own, and ends with it. That of a child by inheritance is its parent's."""
        return self.stream.path in ("pk", self.model._meta.pk.attname)

    @property
    def types(self) -> dict[str, bool]:
        """{event type: whether its data is the key only}."""
        full = {type: False for type in (self.created, self.updated, *self.intents) if type}
        return full | ({self.deleted: True} if self.deleted else {})


@dataclass(frozen=True, eq=False)
class Touch:
    """A model whose rows are part of another live resource, such as the reactions of a message.

    Creating or deleting such a row raises the version of its parent and records the named event with the *parent's*
    full state. `parent` is the name of the foreign key.
    """

    model: type[Model]
    parent: str
    created: str | None = None
    updated: str | None = None
    deleted: str | None = None
    declared_at: str = field(init=False, default_factory=declared_here)

    def __str__(self) -> str:
        return f"Touch({_name(self.model)}, parent={self.parent!r})"

    @property
    def parent_model(self) -> type[Model]:
        """Raises FieldDoesNotExist, as the next one, when `parent` names no foreign key."""
        return self._foreign_key.related_model

    @property
    def parent_attname(self) -> str:
        """The column of the foreign key."""
        return self._foreign_key.attname

    @property
    def _foreign_key(self) -> ForeignKey[Any, Any]:
        found = self.model._meta.get_field(self.parent)
        if not isinstance(found, ForeignKey):
            raise FieldDoesNotExist(f"{self.model.__name__}.{self.parent} is no foreign key")
        return found


@dataclass(frozen=True, eq=False)
class Fact(Generic[V]):
    """An event that is not the state of a row. The application records it with `tidewire.record_fact`.

    type: the event's type, such as "samples.recorded".
    kind: the kind of stream that it is an event of.
    serializer: a DRF serializer class. Its output for the recorded value is the event's `data`.
    merge: makes one `data` of an earlier and a later one about the same object, or returns None when that would be too
        much for one event. A fact that can be merged keeps to the rate of its kind, and nothing of it is lost.
    topic: the topic of MQTT whose messages become such facts.
    """

    type: str
    kind: StreamKind
    serializer: type[BaseSerializer[V]]
    merge: Callable[[Any, Any], Any] | None = None
    topic: Topic | None = None
    declared_at: str = field(init=False, default_factory=declared_here)

    def __str__(self) -> str:
        return f"Fact({self.type!r})"
