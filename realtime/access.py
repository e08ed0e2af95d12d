"""Asks the declarations: which of these streams may this user read, now?"""

from __future__ import annotations

from collections.abc import Collection

from realtime import streams
from realtime.live import registry


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


def readers(stream: str, user_ids: Collection[str]) -> set[str]:
    """Those of these users who may subscribe to the stream: one query, where its kind can answer for many users."""
    kind, parsed = registry.kind_of(stream), streams.parse(stream)
    if kind is None or parsed is None:
        return set()
    if kind.readers is None:
        return {user_id for user_id in user_ids if permitted(user_id, [stream])}
    return {str(id) for id in kind.readers(parsed[1], user_ids)}.intersection(user_ids)
