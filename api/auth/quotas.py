"""Request quotas: per account, per API key, and per address of requests without a valid credential."""

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
        self.detail = ErrorDetail("There were more requests than are allowed.", self.default_code)
        self.more = {"violated-policies": [count.policy for count in broken]}


def spend(request: AnyRequest, identity: Identity | None) -> list[Count]:
    """Counts one request of this identity, or of the request's address. Raises QuotaExceeded, which counts as well."""
    counts = _count(_keys_of(identity) if identity else _address_key(request))
    if any(count.used > count.quota for count in counts):
        raise QuotaExceeded(counts)
    return counts


def may_command(identity: Identity) -> bool:
    """Counts one command of a socket against the same quotas, and returns whether they allow it. Needs a thread."""
    return all(count.used <= count.quota for count in _count(_keys_of(identity)))


def policies(counts: list[Count]) -> str:
    """The header RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers."""
    return ", ".join(f'"{count.policy}";q={count.quota};w={WINDOW_SECONDS}' for count in counts)


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


def _count(keys: dict[str, str]) -> list[Count]:
    quotas = settings.REQUEST_QUOTAS
    keys = {policy: name for policy, name in keys.items() if quotas[policy]}
    if not keys:
        return []
    counts = request_counters.counter().count([f"{policy}:{name}" for policy, name in keys.items()])
    return [Count(policy, quotas[policy], *count) for policy, count in zip(keys, counts, strict=True)]
