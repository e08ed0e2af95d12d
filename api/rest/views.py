"""BaseViewSet, the base of all views of the API: the engine's habits, with this product's accounts and quotas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.db import IntegrityError
from django.http import HttpRequest
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from api import permissions
from api.auth import quotas, sessions
from api.auth.quotas import Count
from api.models import User
from api.rest import errors
from tidewire.credentials import Identity
from tidewire.rest.views import ResourceViewSet
from tidewire.snapshots import RecordedEvent


class BaseViewSet(ResourceViewSet):
    resource: str | None = None
    """The resource in the scopes of API keys, see api/auth/scopes.py. A view that names none accepts no keys."""
    is_reading = False
    """True for a view whose POST only reads: a key needs the scope of a GET, and its body is not counted as written."""
    counts: list[Count] = []
    """The quotas that counted this request."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        response = super().dispatch(request, *args, **kwargs)
        if self.counts:
            response["RateLimit-Policy"] = quotas.policies(self.counts)
            response["RateLimit"] = quotas.remaining(self.counts)
        return response

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        return errors.handle_exception

    def perform_authentication(self, request: Request) -> None:
        """Counts the request: for its account and key, or for its address when the credential is refused."""
        try:
            super().perform_authentication(request)
        except APIException:
            self.counts = quotas.spend(request, None)
            raise
        self.counts = quotas.spend(request, cast("Identity | None", request.auth), is_reading=self.is_reading)

    def charge(self, rows: int) -> None:
        """Counts the request as several when it reads or writes many rows: the next ones may be refused."""
        charged = {count.policy: count for count in quotas.spend_rows(self.identity, rows)}
        self.counts = [charged.get(count.policy, count) for count in self.counts]

    @property
    def user(self) -> User:
        """The caller. Only in views that require a credential."""
        return cast(User, self.request.user)

    @property
    def identity(self) -> Identity:
        """What the caller's credential proves. Only in views that require one."""
        return cast(Identity, self.request.auth)

    def get_binding(self) -> str | None:
        """Returns the stream that this URL belongs to, if there is one: keys that are bound to it may use the view."""
        return None

    def may_know_position(self, stream: str) -> bool:
        return permissions.may_know_position(self.user, stream)

    def confirm_user(self, error: IntegrityError) -> None:
        """The row that is missing may be the caller's own, whose account was deleted meanwhile."""
        if type(self.request.auth) is Identity:
            sessions.confirm(self.request.auth)

    def written(self, events: list[RecordedEvent]) -> None:
        """Counts what the events of this write are longer than its body let expect."""
        if isinstance(self.request.auth, Identity):
            stored = sum(len(event.payload) for event in events)
            quotas.spend_more(self.identity, stored, quotas.cost_of(self.request))
