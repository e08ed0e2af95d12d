"""What the server sees of a request, shown to a probe that is signed with SECRET_KEY: `manage.py doctor --url`.

It shows addresses, so an unsigned request gets the ordinary answer.
"""

from __future__ import annotations

import json
import time
from typing import Any

from asgiref.typing import ASGISendCallable, HTTPScope, Scope
from django.core.signing import BadSignature, TimestampSigner

from tidewire.ground.conf import conf
from tidewire.http.addresses import resolve_client

PATH = "/healthz"
HEADER = "Tidewire-Probe"
MAX_AGE_SECONDS = 3600
"""Generous: a wrong clock is one of the faults that the probe must find."""

_HEADER = HEADER.lower().encode()
_TEXT = "doctor"


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="tidewire.probe")


def sign() -> str:
    """Returns the value of HEADER for one probe."""
    return _signer().sign(_TEXT)


def is_signed(scope: Scope) -> bool:
    """Returns whether a request is a probe of a process that knows SECRET_KEY."""
    if scope["type"] != "http" or scope["path"] != PATH:
        return False
    value = next((value for name, value in scope["headers"] if name == _HEADER), None)
    if value is None:
        return False
    try:
        return _signer().unsign(value.decode("latin-1"), max_age=MAX_AGE_SECONDS) == _TEXT
    except BadSignature:
        return False


async def answer(scope: HTTPScope, send: ASGISendCallable) -> None:
    """Answers what the server sees, before the headers of proxies are removed."""
    body = json.dumps({"status": "ok", "seen": _seen(scope)}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _seen(scope: HTTPScope) -> dict[str, Any]:
    headers = [(name, value.decode("latin-1")) for name, value in scope["headers"]]
    forwarded = [hop.strip() for name, value in headers if name == b"x-forwarded-for" for hop in value.split(",")]
    client = resolve_client(scope, conf.TRUSTED_PROXIES).get("client")
    return {
        "peer": (scope.get("client") or ("",))[0],
        "forwarded": [hop for hop in forwarded if hop],
        "client": client[0] if client else "",
        "host": next((value for name, value in headers if name == b"host"), ""),
        "scheme": scope["scheme"],
        "proto": next((value for name, value in headers if name == b"x-forwarded-proto"), ""),
        "trusted_proxies": conf.TRUSTED_PROXIES,
        "time": time.time(),
    }
