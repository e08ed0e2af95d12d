"""Asks the declarations: which of these streams may this user read, now?"""

from __future__ import annotations

from collections.abc import Collection

from tidewire.declare.registry import registry
from tidewire.ground import streams


def permitted(user_id: str, names: Collection[str]) -> set[str]:
    """The streams among `names` that the user may subscribe to: one query per kind. Synchronous.

    Malformed names and unknown kinds are not among them, so that hidden, absent and impossible streams look the same.
    """
    keys: dict[str, list[str]] = {}
    for name in names:
        parsed = streams.parse(name)
        if parsed and parsed[0] in registry.kinds:
            keys.setdefault(parsed[0], []).append(parsed[1])
    allowed: set[str] = set()
    for kind_name, wanted in keys.items():
        kind = registry.kinds[kind_name]
        # Only what was asked for: a declaration that answers too much must not widen anything.
        granted = {str(key) for key in kind.may_subscribe(user_id, wanted)}
        allowed.update(f"{kind_name}:{key}" for key in wanted if key in granted)
    return allowed


def permitted_all(requests: Collection[tuple[str, Collection[str]]]) -> list[set[str]]:
    """`permitted` for many users: per stream or per user, whatever takes fewer queries."""
    by_stream: dict[str, set[str]] = {}
    for user_id, names in requests:
        for name in names:
            by_stream.setdefault(name, set()).add(user_id)
    shared = {name for name, users in by_stream.items() if len(users) > 1 and _answers_for_many(name)}
    if len(shared) >= len({user_id for user_id, _ in requests}):
        shared = set()
    allowed = {name: readers(name, by_stream[name]) for name in shared}
    answers = []
    for user_id, names in requests:
        alone = [name for name in names if name not in shared]
        known = {name for name in names if user_id in allowed.get(name, ())}
        answers.append(known | (permitted(user_id, alone) if alone else set()))
    return answers


def _answers_for_many(stream: str) -> bool:
    kind = registry.kind_of(stream)
    return kind is not None and kind.readers is not None


def readers(stream: str, user_ids: Collection[str]) -> set[str]:
    """Those of these users who may subscribe to the stream: one query, where its kind can answer for many users."""
    kind, parsed = registry.kind_of(stream), streams.parse(stream)
    if kind is None or parsed is None:
        return set()
    if kind.readers is None:
        return {user_id for user_id in user_ids if permitted(user_id, [stream])}
    return {str(id) for id in kind.readers(parsed[1], user_ids)}.intersection(user_ids)
