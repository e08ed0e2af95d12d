"""The typed event, and how events are built from noted changes: rows re-read in bulk and serialised once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from tidewire.declare.live import EVERYONE, Live
from tidewire.declare.registry import registry
from tidewire.ground.actors import Actor
from tidewire.ground.ids import uuid7
from tidewire.ground.streams import REVOCATIONS
from tidewire.log.revocations import RevocationNote
from tidewire.transactions.changes import Change, Fold, fold
from tidewire.transactions.notes import FactNote, Note


class EventError(Exception):
    """A declaration produced something that cannot be an event. The transaction is rolled back."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has no place in its stream yet."""

    stream: str
    type: str
    object: str
    data: Any
    actor: Actor
    ends_access: str = ""
    is_rate_limited: bool = False  # may be held back, see pacing.py


@dataclass(frozen=True, slots=True)
class Encoded:
    """A draft with its identity, as it will stand in the log. `payload` is the event's JSON text."""

    draft: Draft
    id: UUID
    at: datetime
    payload: str


def build(notes: Iterable[Note], using: str) -> list[Draft]:
    """The events of one transaction, in the order in which their rows were first touched; endings come last."""
    notes = list(notes)
    folds = fold(note for note in notes if isinstance(note, Change))
    states = _states(folds, using)
    drafts = [draft for key, folded in folds.items() for draft in _drafts(key[0], folded, states.get(key))]
    drafts += [_fact_draft(note) for note in notes if isinstance(note, FactNote)]
    return _without_the_dying(drafts) + [_revocation_draft(note) for note in notes if isinstance(note, RevocationNote)]


def _without_the_dying(drafts: list[Draft]) -> list[Draft]:
    """Where a stream ends, its end is all that is told: what cascades with a room is not an event each."""
    ended = {draft.stream for draft in drafts if draft.type in registry.ending_types}
    return [draft for draft in drafts if draft.stream not in ended or draft.type in registry.ending_types]


def _fact_draft(note: FactNote) -> Draft:
    fact = note.fact
    is_rate_limited = fact.merge is not None and fact.kind.rate is not None
    return Draft(
        note.stream,
        fact.type,
        note.about,
        fact.serializer(note.value).data,
        note.actor,
        is_rate_limited=is_rate_limited,
    )


def _revocation_draft(note: RevocationNote) -> Draft:
    data = {"user": note.user_id, "sessions": list(note.session_ids)}
    return Draft(REVOCATIONS, "sessions.revoked", object="", data=data, actor=note.actor)


def _states(folds: dict[tuple[Live, Any], Fold], using: str) -> dict[tuple[Live, Any], tuple[Any, Any]]:
    """{(declaration, key): (row, serialised row)} of all rows that still exist: one query per declaration."""
    wanted: dict[Live, list[Any]] = {}
    new: dict[Live, set[Any]] = {}
    for (live, pk), folded in folds.items():
        if folded.exists:
            wanted.setdefault(live, []).append(pk)
            if folded.is_only_created:
                new.setdefault(live, set()).add(pk)
    states = {}
    for live, pks in wanted.items():
        rows = live.rows(pks, using, new.get(live, ()))
        for row, data in zip(rows, live.states(rows), strict=True):
            states[live, row.pk] = (row, data)
    return states


def _drafts(live: Live, folded: Fold, state: tuple[Any, Any] | None) -> Iterable[Draft]:
    """What one row's changes mean for its stream: a departure, an arrival, or new states."""
    if folded.left is not None and folded.existed:
        yield from _draft(live, live.deleted, folded, folded.left)
    if state is None:
        return
    row, data = state
    if live.is_deleted(row):
        if folded.existed and folded.left is None:
            yield from _draft(live, live.deleted, folded, row)
    elif not folded.existed or folded.left is not None:
        yield from _draft(live, live.created, folded, row, data)
    else:
        for intent in folded.intents:
            yield from _draft(live, intent or live.updated, folded, row, data)


def _draft(live: Live, type: str | None, folded: Fold, row: Any, data: Any = None) -> Iterable[Draft]:
    if type is None or live.stream.key_of(row) is None:
        return
    ends_access = live.ends_access(type, row) or ""
    is_rate_limited = (
        live.is_rate_limited and type == live.updated and live.stream.kind.rate is not None and not ends_access
    )
    yield Draft(
        stream=live.stream.name_of(row),
        type=type,
        object=object_name(live.model, row.pk),
        data=live.key(row) if data is None else data,
        actor=folded.actor,
        ends_access=ends_access if ends_access == EVERYONE else str(ends_access),
        is_rate_limited=is_rate_limited and data is not None,
    )


def object_name(model: type, pk: Any) -> str:
    """How the log names a row: "api.message:0197…"."""
    return f"{model._meta.label_lower}:{pk}"


def encode(draft: Draft) -> Encoded:
    """Gives a draft its id and time and builds its JSON, once for all. Raises EventError when it is not JSON."""
    id, at = uuid7(), datetime.now(UTC)
    event = {
        "type": draft.type,
        "id": str(id),
        "at": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "actor": draft.actor.as_json(),
        "data": draft.data,
    }
    try:
        payload = msgspec.json.encode(event).decode()
    except (TypeError, ValueError) as error:
        raise EventError(f"the data of a {draft.type} event is not JSON: {error}") from error
    return Encoded(draft, id, at, payload)
