"""Counts what no view of the API counts: the pages, the documents, the admin, addresses that do not exist.

A view of the API counts its own request, for the account of the credential (api/rest/views.py). Every other request is
counted here, for its address, before anything is done for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from api.auth import quotas
from api.auth.quotas import QuotaExceeded
from api.rest.views import BaseViewSet
from tidewire.rest.errors import answer_to

API = "/api/v1/"
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Monitors ask these again and again. The engine answers them before this middleware, where it can."""


class PageQuotaMiddleware:
    """Answers 429 to an address with too many requests. It stands before all middleware that does work."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if path.startswith(API) or path in PROBES:
            return self.get_response(request)
        return self._refusal(request) or self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """Counts a request below API whose view does not count it: another app's, or that of unknown addresses."""
        if not request.path_info.startswith(API) or issubclass(getattr(view, "cls", object), BaseViewSet):
            return None
        return self._refusal(request)

    def _refusal(self, request: HttpRequest) -> HttpResponseBase | None:
        try:
            quotas.spend(request, None)
        except QuotaExceeded as error:
            return answer_to(request, error)
        return None
