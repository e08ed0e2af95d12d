"""The id of a request: a proxy's, the trace's, or a new one. It is in the answer's header, in problems and in logs."""

from __future__ import annotations

import re

from asgiref.typing import HTTPScope

from tidewire.ground.ids import uuid7

# An id of a client ends up in logs and headers, so it may contain no character with a meaning there.
_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")
# W3C Trace Context: version, trace, span, flags. All zeros are no trace.
_TRACE = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


def request_id(given: str = "", traceparent: str = "") -> str:
    """Returns the id of a request with these values of X-Request-ID and traceparent, which may be empty."""
    if _SAFE.fullmatch(given):
        return given
    trace = _TRACE.fullmatch(traceparent)
    return trace[1] if trace else str(uuid7())


def request_id_in(scope: HTTPScope) -> str:
    """Returns the id of the request of this scope: a new one at each call, where the request brings none."""
    headers = dict(scope["headers"])
    given, traceparent = (headers.get(name, b"").decode("latin-1") for name in (b"x-request-id", b"traceparent"))
    return request_id(given, traceparent)


def instance_of(request_id: str) -> str:
    """Returns the member `instance` of a problem document."""
    return f"urn:request:{request_id}"
