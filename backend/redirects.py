"""Redirects that keep the method of a request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

SAFE_METHODS = ("GET", "HEAD")


class KeepMethodMiddleware:
    """Turns a permanent redirect (301) of any method but GET and HEAD into a 308.

    Stands before Django's redirect to HTTPS. Many clients repeat a POST that was answered by 301 as a GET: the write is
    lost, and the GET's answer looks like a success.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 301 and request.method not in SAFE_METHODS:
            response.status_code = 308
        return response
