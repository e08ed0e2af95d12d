"""Whether a user could read a stream when an event was written, as far as the stream's own events tell."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from tidewire.declare.live import EVERYONE
from tidewire.declare.registry import registry
from tidewire.engine import access
from tidewire.log.tables import Event


@dataclass(frozen=True, slots=True)
class AccessThen:
    """`could_read` at the offset; `because` says what it was read from."""

    could_read: bool
    because: str


def access_at(user_id: str, stream: str, offset: int, using: str) -> AccessThen:
    """Returns whether the user could read the stream at this offset.

    The end of access is an event of the stream (`ends_access`), and so is its beginning, where a live model whose
    deletion ends access has a `created` event that names the user as `data.user.id`. Where neither is in the log, the
    rules are asked as they are now.
    """
    reads_now = stream in access.permitted(user_id, [stream])
    changes = _changes(user_id, stream, using)
    before = [change for change in changes if change[0] <= offset]
    after = [change for change in changes if change[0] > offset]
    if before:
        at, gained, type = before[-1]
        if gained:
            return AccessThen(True, f"access began with {type} at offset {at}")
        if reads_now and not any(gained for _, gained, _ in after):
            return AccessThen(
                True, f"a membership ended with {type} at offset {at}, and the stream is open to this user"
            )
        return AccessThen(False, f"access ended with {type} at offset {at}")
    if after:
        at, gained, type = after[0]
        if not gained:
            return AccessThen(True, f"access ended only later, with {type} at offset {at}")
        # A guest of a public stream could read before joining: the rules of today are the best that is known.
        return AccessThen(False, f"access began only later, with {type} at offset {at}")
    return AccessThen(reads_now, "by the rules as they are now: the log has no change of this user's access")


def _changes(user_id: str, stream: str, using: str) -> list[tuple[int, bool, str]]:
    """Returns (offset, whether access began, event type) of each change, in order."""
    begins = _types_that_begin(stream)
    rows = Event.objects.using(using).filter(stream__name=stream)
    rows = rows.filter(
        Q(ends_access__in=[user_id, EVERYONE]) | Q(type__in=begins, payload__contains=f'"id":"{user_id}"')
    )
    found: list[tuple[int, bool, str]] = []
    for offset, type, ends, payload in rows.order_by("offset").values_list("offset", "type", "ends_access", "payload"):
        if ends == user_id or (ends == EVERYONE and registry.ends_stream(stream, type)):
            found.append((offset, False, type))
        elif type in begins and _user_of(payload) == user_id:
            found.append((offset, True, type))
    return found


def _types_that_begin(stream: str) -> set[str]:
    kind = registry.kind_of(stream)
    return {live.created for live in registry.lives if live.stream.kind is kind and live.ends_access and live.created}


def _user_of(payload: str) -> str | None:
    data: Any = json.loads(payload).get("data")
    user = data.get("user") if isinstance(data, dict) else None
    return user.get("id") if isinstance(user, dict) else None
