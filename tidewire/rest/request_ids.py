"""Gives each request of a view its id; see tidewire/ground/request_ids.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from tidewire.ground import request_ids

_ATTRIBUTE = "request_id"


def request_id_of(request: Any) -> str:
    """Returns the id of a request, Django's or DRF's, or "unknown" where the middleware has not run."""
    return getattr(request, _ATTRIBUTE, "unknown")


class RequestIDMiddleware:
    """Gives each request its id. It is the first middleware, so that all others can use it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        headers = request.headers
        request_id = request_ids.request_id(headers.get("X-Request-ID", ""), headers.get("traceparent", ""))
        setattr(request, _ATTRIBUTE, request_id)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response
