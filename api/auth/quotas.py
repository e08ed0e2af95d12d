"""Quotas of a minute: requests per account, per API key, and per address of requests without a valid credential; and
the bytes that the writes of an account store.

A write costs BASE_BYTES and twice its body, for a row and an event, before it is done. What its events are longer, such
as that of a reaction to a long message, is counted afterwards, against the next writes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.conf import settings
from rest_framework.exceptions import ErrorDetail, Throttled

from api.auth import request_counters
from api.auth.addresses import AnyRequest, is_local, network_of
from api.auth.keys import KeyIdentity
from api.auth.request_counters import WINDOW_SECONDS
from api.auth.throttles import hashed
from tidewire.credentials import Identity

BASE_BYTES = 2048
"""What a write stores at least, with its indexes: a row, its event, perhaps a stored answer."""
ROWS_PER_REQUEST = 50
"""Rows that one request reads or writes before it counts as several."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Count:
    """How much of one policy's quota is used in the present window."""

    policy: str
    quota: int
    used: int
    seconds_left: float

    @property
    def left(self) -> int:
        return max(0, self.quota - self.used)


class QuotaExceeded(Throttled):
    default_code = "quota_exceeded"

    def __init__(self, counts: list[Count]) -> None:
        broken = [count for count in counts if count.used > count.quota]
        super().__init__(math.ceil(max(count.seconds_left for count in broken)) or 1)
        is_bytes = any(count.policy == "bytes" for count in broken)
        what = "More bytes were written" if is_bytes else "There were more requests"
        self.detail = ErrorDetail(f"{what} than are allowed.", self.default_code)
        self.more = {"violated-policies": [count.policy for count in broken]}


def spend(request: AnyRequest, identity: Identity | None, *, is_reading: bool = False) -> list[Count]:
    """Counts one request of this identity, or of the request's address. Raises QuotaExceeded, which counts as well.

    The body of a request that only reads is not counted as written.
    """
    keys = _keys_of(identity) if identity else _address_key(request)
    amounts = dict.fromkeys(keys, 1)
    if identity and request.method not in SAFE_METHODS and not is_reading:
        keys["bytes"], amounts["bytes"] = identity.user_id, cost_of(request)
    counts = _count(keys, amounts)
    if any(count.used > count.quota for count in counts):
        raise QuotaExceeded(counts)
    return counts


def spend_rows(identity: Identity, rows: int) -> list[Count]:
    """Counts a request that reads or writes so many rows as one more request for each ROWS_PER_REQUEST above the first.

    Returns the counts, or nothing for a small request. The request was allowed: what it costs more is counted against
    the next ones, so none is too large for a quota.
    """
    more = (rows - 1) // ROWS_PER_REQUEST
    keys = _keys_of(identity)
    return _count(keys, dict.fromkeys(keys, more)) if more > 0 else []


def cost_of(request: AnyRequest) -> int:
    """Returns how many bytes a write counts for before it is done."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:  # a server refuses such a request
        length = 0
    return BASE_BYTES + 2 * max(0, length)


def spend_more(identity: Identity, stored: int, cost: int) -> None:
    """Counts the bytes that a write has stored above its cost. The write is done: the next one may be refused."""
    if stored > cost:
        _count({"bytes": identity.user_id}, {"bytes": stored - cost})


def may_command(identity: Identity) -> bool:
    """Counts one command of a socket against the same quotas, and returns whether they allow it. Needs a thread."""
    return all(count.used <= count.quota for count in _count(_keys_of(identity), {}))


def may_ask(network: str) -> bool:
    """Counts one request of a door over HTTP that has no valid credential, as `spend` counts those of the API."""
    return all(count.used <= count.quota for count in _count({"address": hashed("limits", network)}, {}))


def policies(counts: list[Count]) -> str:
    """The header RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers."""
    units = {"bytes": ';qu="content-bytes"'}
    return ", ".join(f'"{c.policy}";q={c.quota}{units.get(c.policy, "")};w={WINDOW_SECONDS}' for c in counts)


def remaining(counts: list[Count]) -> str:
    """The header RateLimit of the same draft."""
    return ", ".join(f'"{count.policy}";r={count.left};t={math.ceil(count.seconds_left)}' for count in counts)


def _keys_of(identity: Identity) -> dict[str, str]:
    """{policy: what is counted}. A request with an API key counts for its account, too."""
    keys = {"user": identity.user_id}
    return keys | {"key": str(identity.session_id)} if isinstance(identity, KeyIdentity) else keys


def _address_key(request: AnyRequest) -> dict[str, str]:
    """Requests from this machine are not counted: a proxy that TRUSTED_PROXIES leaves out would be one client."""
    return {} if is_local(request) else {"address": hashed("limits", network_of(request))}


def _count(keys: dict[str, str], amounts: dict[str, int]) -> list[Count]:
    """Counts for each policy the amount, 1 where none is given. One round trip."""
    quotas = settings.REQUEST_QUOTAS
    keys = {policy: name for policy, name in keys.items() if quotas.get(policy)}
    if not keys:
        return []
    names = [f"{policy}:{name}" for policy, name in keys.items()]
    counts = request_counters.counter().count(names, [amounts.get(policy, 1) for policy in keys])
    return [Count(policy, quotas[policy], *count) for policy, count in zip(keys, counts, strict=True)]
