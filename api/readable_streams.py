"""Which streams a user may read, in the order of their names."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from api import streams
from api.models import Dashboard, Room, User
from api.models.memberships import SharedResource
from tidewire import StreamKind, parse_stream, registry

SHARED: dict[str, tuple[StreamKind, type[SharedResource]]] = {
    "room": (streams.rooms, Room),
    "dashboard": (streams.dashboards, Dashboard),
}
KINDS = ("dashboard", "room", "user")
"""In the order of names."""

Place = tuple[str, UUID]
"""Kind and key of a stream. They sort as the names do."""


def place_of(name: str) -> Place | None:
    """Returns the place of a stream of KINDS, or None for another text."""
    kind, key = parse_stream(name) or ("", "")
    try:
        return (kind, UUID(key)) if kind in KINDS else None
    except ValueError:
        return None


def readable_names(user: User, kinds: Collection[str], after: Place | None, count: int) -> list[str]:
    """Returns the first `count` streams of these kinds that the user may read and that follow a place. At most one
    query for each kind."""
    names: list[str] = []
    for kind in (kind for kind in KINDS if kind in kinds):
        if len(names) < count:
            names += _of_kind(user, kind, after, count - len(names))
    return names


def still_readable(user: User, names: Collection[str]) -> set[str]:
    """Returns those of these streams of KINDS that the user may read now. One query for each kind."""
    found: set[str] = set()
    for kind in KINDS:
        keys = [name.partition(":")[2] for name in names if name.startswith(f"{kind}:")]
        if keys:
            found |= {f"{kind}:{key}" for key in registry.kinds[kind].may_subscribe(str(user.pk), keys)}
    return found


def _of_kind(user: User, kind: str, after: Place | None, count: int) -> list[str]:
    key = None
    if after is not None:
        if kind < after[0]:
            return []
        key = after[1] if kind == after[0] else None
    if kind == "user":
        return [streams.users(user.pk)] if key is None or user.pk > key else []
    stream_kind, model = SHARED[kind]
    rows: Any = model.objects.readable_by(user.pk).order_by("pk")
    if key is not None:
        rows = rows.filter(pk__gt=key)
    return [stream_kind(pk) for pk in rows.values_list("pk", flat=True)[:count]]
