"""The id of a request: a proxy's, the trace's, or a new one. It is in the answer's header, in problems and in logs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from tidewire.ground.ids import uuid7

# An id of a client ends up in logs and headers, so it may contain no character with a meaning there.
_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")
# W3C Trace Context: version, trace, span, flags. All zeros are no trace.
_TRACE = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


_ATTRIBUTE = "request_id"


def request_id_of(request: Any) -> str:
    """Returns the id of a request, Django's or DRF's, or "unknown" where the middleware has not run."""
    return getattr(request, _ATTRIBUTE, "unknown")


class RequestIDMiddleware:
    """Gives each request its id. It is the first middleware, so that all others can use it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given, trace = request.headers.get("X-Request-ID", ""), _TRACE.fullmatch(request.headers.get("traceparent", ""))
        traced = trace[1] if trace else str(uuid7())
        request_id = given if _SAFE.fullmatch(given) else traced
        setattr(request, _ATTRIBUTE, request_id)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response
