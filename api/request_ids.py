"""One id per request, taken from a proxy or made here, in the answer's header, in problems and in logs."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from realtime.ids import uuid7

# Others' ids end in our logs and headers, so they may hold nothing that means something there.
_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIDMiddleware:
    """Stands first, so that everything behind it can name the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request.request_id = given if _SAFE.fullmatch(given) else str(uuid7())
        response = self.get_response(request)
        response["X-Request-ID"] = request.request_id
        return response
