"""Asks the declarations which users may read which streams now. Synchronous: runs in a database thread."""

from __future__ import annotations

from collections.abc import Collection

from tidewire.declare.registry import registry
from tidewire.ground import streams


def permitted(user_id: str, names: Collection[str]) -> set[str]:
    """Returns which of these streams the user may subscribe to. Costs one query per kind.

    Malformed names and unknown kinds are left out, so that hidden, absent and impossible streams look the same.
    """
    keys_by_kind: dict[str, list[str]] = {}
    for name in names:
        parsed = streams.parse(name)
        if parsed and parsed[0] in registry.kinds:
            keys_by_kind.setdefault(parsed[0], []).append(parsed[1])
    allowed: set[str] = set()
    for kind_name, keys in keys_by_kind.items():
        granted = {str(key) for key in registry.kinds[kind_name].may_subscribe(user_id, keys)}
        # Only keys that were asked for count: a declaration that returns more must not widen anything.
        allowed.update(f"{kind_name}:{key}" for key in keys if key in granted)
    return allowed


def permitted_all(requests: Collection[tuple[str, Collection[str]]]) -> list[set[str]]:
    """Returns what `permitted` does, for each request (user id, stream names) in order.

    Asks per stream where several users want the same one and its kind can answer for many, unless asking per user takes
    fewer queries.
    """
    user_ids_by_stream: dict[str, set[str]] = {}
    for user_id, names in requests:
        for name in names:
            user_ids_by_stream.setdefault(name, set()).add(user_id)
    shared = {name for name, ids in user_ids_by_stream.items() if len(ids) > 1 and _has_readers(name)}
    if len(shared) >= len({user_id for user_id, _ in requests}):
        shared = set()
    readers_by_stream = {name: readers(name, user_ids_by_stream[name]) for name in shared}
    answers: list[set[str]] = []
    for user_id, names in requests:
        others = [name for name in names if name not in shared]
        allowed = {name for name in names if user_id in readers_by_stream.get(name, ())}
        answers.append(allowed | (permitted(user_id, others) if others else set()))
    return answers


def _has_readers(stream: str) -> bool:
    kind = registry.kind_of(stream)
    return kind is not None and kind.readers is not None


def readers(stream: str, user_ids: Collection[str]) -> set[str]:
    """Returns which of these users may subscribe to the stream. Costs one query where the kind declares `readers`, else
    one per user."""
    kind, parsed = registry.kind_of(stream), streams.parse(stream)
    if kind is None or parsed is None:
        return set()
    if kind.readers is None:
        return {user_id for user_id in user_ids if permitted(user_id, [stream])}
    return {str(id) for id in kind.readers(parsed[1], user_ids)}.intersection(user_ids)
