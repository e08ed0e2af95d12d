"""Gives each request of a view its id; see tidewire/ground/request_ids.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from tidewire.ground.current_request import CurrentRequest, begin_request, current_request, end_request

_ATTRIBUTE = "request_id"


def request_id_of(request: Any) -> str:
    """Returns the id of a request, Django's or DRF's, or "unknown" where the middleware has not run."""
    return getattr(request, _ATTRIBUTE, "unknown")


class RequestIDMiddleware:
    """Gives each request its id, and notes its route. It is the first middleware, so that all others can use the id.

    Behind EngineMiddleware the request has an id already. Elsewhere, as in Django's test client, it is made here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        current = current_request()
        if current is not None and not current.route:
            return self._answer(request, current)
        current = CurrentRequest(request.headers.get("X-Request-ID", ""), request.headers.get("traceparent", ""))
        token = begin_request(current)
        try:
            return self._answer(request, current)
        finally:
            end_request(token)

    def _answer(self, request: HttpRequest, current: CurrentRequest) -> HttpResponse:
        setattr(request, _ATTRIBUTE, current.id)
        try:
            response = self.get_response(request)
        finally:
            match = request.resolver_match
            current.route = "" if match is None else route_of(match.route, match.app_names)
        response["X-Request-ID"] = current.id
        return response


def route_of(route: str, apps: list[str]) -> str:
    """Returns how logs and metrics name this route. All pages of the admin are one."""
    return "admin/" if "admin" in apps else route
