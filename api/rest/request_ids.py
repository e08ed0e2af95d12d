"""One id per request, taken from a proxy or a trace or made here, in the answer's header, in problems, in logs."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from tidewire.ids import uuid7

# Others' ids end in our logs and headers, so they may hold nothing that means something there.
_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")
# W3C Trace Context: version, trace, span, flags. All zeros are no trace.
_TRACE = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


class RequestIDMiddleware:
    """Stands first, so that everything behind it can name the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given, trace = request.headers.get("X-Request-ID", ""), _TRACE.fullmatch(request.headers.get("traceparent", ""))
        traced = trace[1] if trace else str(uuid7())
        request.request_id = given if _SAFE.fullmatch(given) else traced
        response = self.get_response(request)
        response["X-Request-ID"] = request.request_id
        return response
