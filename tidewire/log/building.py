"""Building events from notes: changed rows are read again in bulk and serialised once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Model

from tidewire.declare.live import Live
from tidewire.declare.registry import registry
from tidewire.ground.actors import Actor
from tidewire.ground.disconnections import DISCONNECT
from tidewire.ground.ids import uuid7
from tidewire.ground.streams import REVOCATIONS
from tidewire.log.disconnections import DisconnectionNote
from tidewire.log.revocations import RevocationNote
from tidewire.protocol.events import EventEnvelope
from tidewire.transactions.changes import Change, Fold, fold
from tidewire.transactions.notes import FactNote, Note


class EventError(Exception):
    """A declaration produced something that cannot be an event. The transaction is rolled back."""


ROWS_AT_ONCE = 500
"""How many changed rows are read and serialised at a time."""

Folds = dict[tuple[Live, Any], Fold]


@dataclass(frozen=True, slots=True)
class Draft:
    """An event without a place in its stream.

    `data` is what the serializer returned. `object` names the row that the event is about, or is empty. `ends_access`
    is the key of the user whose access may end with it, EVERYONE, or empty. `is_rate_limited`: it may be delayed, see
    rate.py.
    """

    stream: str
    type: str
    object: str
    data: Any
    actor: Actor
    ends_access: str = ""
    is_rate_limited: bool = False


@dataclass(frozen=True, slots=True)
class Encoded:
    """A draft with its identity, as it will stand in the log. `payload` is the event's JSON text."""

    draft: Draft
    id: UUID
    at: datetime
    payload: str


HIDDEN: Any = object()
"""In place of the state of a row that its readers do not see."""


# -- from notes to drafts ------------------------------------------------------------------------------------------


def build(notes: Iterable[Note], using: str) -> list[Draft]:
    """Returns the events of one transaction.

    Changes come first, in the order in which their rows were first touched, then facts, then revocations. Where a
    stream ends, its end is its only event: what cascades with a room is not an event each.
    """
    notes = list(notes)
    folds = fold(note for note in notes if isinstance(note, Change))
    drafts: list[Draft] = []
    for part in _parts(_without_swallowed(folds)):
        states = _read_states(part, using)
        drafts += [draft for key, folded in part.items() for draft in _row_drafts(key[0], folded, states.get(key))]
    drafts += [_fact_draft(note) for note in notes if isinstance(note, FactNote)]
    ended = {draft.stream for draft in drafts if registry.ends_stream(draft.stream, draft.type)}
    drafts = [draft for draft in drafts if draft.stream not in ended or registry.ends_stream(draft.stream, draft.type)]
    drafts += [_revocation_draft(note) for note in notes if isinstance(note, RevocationNote)]
    return drafts + [_disconnection_draft(note) for note in notes if isinstance(note, DisconnectionNote)]


def _without_swallowed(folds: Folds) -> Folds:
    """Leaves out the rows that are deleted together with the row that owns their stream: they may be many, and are no
    event."""
    ended = {_left(live, folded) for (live, _), folded in folds.items() if live.owns_stream and not folded.exists}
    if not ended - {None}:
        return folds
    return {
        (live, pk): folded
        for (live, pk), folded in folds.items()
        if live.owns_stream or folded.exists or _left(live, folded) not in ended - {None}
    }


def _left(live: Live, folded: Fold) -> str | None:
    """Returns the stream that a deleted row was in, if the declaration says that its end is an event."""
    if folded.left is None or (live.owns_stream and live.deleted is None) or folded.left_key is None:
        return None
    return live.stream.kind(folded.left_key)


def _parts(folds: Folds) -> Iterator[Folds]:
    """Yields ROWS_AT_ONCE of them at a time: of all rows of a large transaction only so many are in memory at once."""
    items = iter(folds.items())
    while part := dict(islice(items, ROWS_AT_ONCE)):
        yield part


def _read_states(folds: dict[tuple[Live, Any], Fold], using: str) -> dict[tuple[Live, Any], tuple[Model, Any]]:
    """Returns {(declaration, key): (row, serialised row)} of all rows that still exist: one query per declaration.

    A row that its readers do not see comes with HIDDEN.
    """
    existing: dict[Live, list[Any]] = {}
    new: dict[Live, set[Any]] = {}
    for (live, pk), folded in folds.items():
        if folded.exists:
            existing.setdefault(live, []).append(pk)
            if folded.is_only_created:
                new.setdefault(live, set()).add(pk)
    states: dict[tuple[Live, Any], tuple[Model, Any]] = {}
    for live, pks in existing.items():
        rows = live.rows(pks, using, new.get(live, ()))
        seen = [row for row in rows if not live.is_deleted(row)]
        states |= {(live, row.pk): (row, HIDDEN) for row in rows}
        states |= {(live, row.pk): (row, data) for row, data in zip(seen, live.states(seen), strict=True)}
        left_out = [pk for pk in pks if (live, pk) not in states and folds[live, pk].existed] if live.may_hide else ()
        states |= {(live, row.pk): (row, HIDDEN) for row in live.hidden_rows(left_out, using)}
    return states


def _row_drafts(live: Live, folded: Fold, state: tuple[Model, Any] | None) -> Iterator[Draft]:
    """Yields what one row's changes mean for its stream: a departure, an arrival, or new states.

    `state` is None for a row that no longer exists.
    """
    if folded.left is not None and folded.existed:
        yield from _row_draft(live, live.deleted, folded, folded.left, key=folded.left_key)
    if state is None:
        return
    row, data = state
    key = live.stream.key_of(row)
    if data is HIDDEN:
        if folded.existed and folded.left is None:
            yield from _row_draft(live, live.deleted, folded, row, key=key)
    elif not folded.existed or folded.left is not None:
        yield from _row_draft(live, live.created, folded, row, data, key=key)
    else:
        for intent in folded.intents:
            yield from _row_draft(live, intent or live.updated, folded, row, data, key=key)


def _row_draft(live: Live, type: str | None, folded: Fold, row: Any, data: Any = None, *, key: Any) -> Iterator[Draft]:
    """Yields the event of this type, if the declaration has one and `key` is that of a stream.

    Without `data`, the event is a deletion and carries the row's key only.
    """
    if type is None or key is None:
        return
    ends_access = live.ends_access(type, row) or ""
    yield Draft(
        stream=live.stream.kind(key),
        type=type,
        object=object_name(live.model, row.pk),
        data=live.key(row) if data is None else data,
        actor=folded.actor,
        ends_access=str(ends_access),
        # An event that may end a user's access is never delayed.
        is_rate_limited=live.is_rate_limited
        and type == live.updated
        and live.stream.kind.rate is not None
        and data is not None
        and not ends_access,
    )


def _fact_draft(note: FactNote) -> Draft:
    fact = note.fact
    return Draft(
        stream=note.stream,
        type=fact.type,
        object=note.about,
        data=fact.serializer(note.value).data,
        actor=note.actor,
        is_rate_limited=fact.merge is not None and fact.kind.rate is not None,
    )


def _revocation_draft(note: RevocationNote) -> Draft:
    data = {"user": note.user_id, "sessions": list(note.session_ids)}
    return Draft(REVOCATIONS, "sessions.revoked", object="", data=data, actor=note.actor)


def _disconnection_draft(note: DisconnectionNote) -> Draft:
    return Draft(REVOCATIONS, DISCONNECT, object="", data=note.disconnection.as_json(), actor=note.actor)


def object_name(model: type[Model], pk: Any) -> str:
    """Returns how the log names a row: "api.message:0197…"."""
    return f"{model._meta.label_lower}:{pk}"


# -- from drafts to JSON -------------------------------------------------------------------------------------------


def encode(draft: Draft, at: datetime) -> Encoded:
    """Gives a draft its id and the time of its transaction, and builds its JSON, once for all readers. Raises
    EventError."""
    id = uuid7()
    time = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    event = EventEnvelope(draft.type, id, time, draft.actor, draft.data)
    return Encoded(draft, id, at, to_json(event, draft.type))


def to_json(value: Any, type: str) -> str:
    """Returns `value` as compact JSON text. Raises EventError, which names the event's type, when it is not JSON."""
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError) as error:
        raise EventError(f"the data of a {type} event is not JSON: {error}") from error
