"""The id of a request: a proxy's, the trace's, or a new one. It is in the answer's header, in problems and in logs."""

from __future__ import annotations

import re

from tidewire.ground.ids import uuid7

# An id of a client ends up in logs and headers, so it may contain no character with a meaning there.
_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")
# W3C Trace Context: version, trace, span, flags. All zeros are no trace, and no span; the version ff is forbidden, and
# only a later version than 00 may be longer.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?P<more>-.*)?", re.ASCII
)


def request_id(given: str = "", traceparent: str = "") -> str:
    """Returns the id of a request with these values of X-Request-ID and traceparent, which may be empty."""
    return given if _SAFE.fullmatch(given) else trace_id_of(traceparent) or str(uuid7())


def trace_id_of(traceparent: str) -> str:
    """Returns the 32 digits that name the trace of a `traceparent` header (W3C Trace Context, level 1); "" for one that
    is not valid."""
    match = _TRACEPARENT.fullmatch(traceparent)
    is_valid = match is not None and (not match["more"] or not traceparent.startswith("00"))
    return match[1] if match is not None and is_valid else ""


def instance_of(request_id: str) -> str:
    """Returns the member `instance` of a problem document."""
    return f"urn:request:{request_id}"
