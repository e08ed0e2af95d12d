"""BaseViewSet, the base of all views of the API.

An unsafe request is handled in one transaction, and handled again when the database has aborted the transaction for
another one. A safe request opens no transaction: on SQLite it would take the write lock. The credential is checked and
the body is parsed before the transaction begins. A request that ends in an error leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any, cast

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from api import permissions
from api.auth import quotas, sessions
from api.auth.quotas import Count
from api.models import User
from api.rest import idempotency
from api.rest.media import OneRenderer
from api.rest.parameter_checks import ParametersMixin
from tidewire import retried, write_transaction
from tidewire.credentials import Identity
from tidewire.snapshots import (
    HEADER,
    RecordedEvent,
    Written,
    position_header,
    record_ahead,
    recorded_events,
    written_positions,
)

MAX_POSITIONS = 20
"""A write that changes more streams than this names no position: headers have a limit."""


class BaseViewSet(ParametersMixin):
    content_negotiation_class = OneRenderer
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    is_transactional = True
    """False for a view that hashes a password. The models' own methods then open their transactions."""
    is_secret = False
    """True for a view whose answers must not be stored."""
    resource: str | None = None
    """The resource in the scopes of API keys, see api/auth/scopes.py. A view that names none accepts no keys."""
    counts: list[Count] = []
    """The quotas that counted this request."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Does what DRF's does, but runs the handler through `_run` and adds the headers of the quotas."""
        self.args, self.kwargs = args, kwargs
        self.headers = self.default_response_headers
        drf_request = self.request = self.initialize_request(request, *args, **kwargs)
        try:
            self.initial(drf_request, *args, **kwargs)
            method = str(drf_request.method).lower()
            handler = getattr(self, method, None) if method in self.http_method_names else None
            handler = handler or self.http_method_not_allowed
            response = self._run(lambda: handler(drf_request, *args, **kwargs))
        except Exception as exc:
            response = self.handle_exception(exc)
        self.response = self.finalize_response(drf_request, cast(Response, response), *args, **kwargs)
        if self.counts:
            self.response["RateLimit-Policy"] = quotas.policies(self.counts)
            self.response["RateLimit"] = quotas.remaining(self.counts)
        return self.response

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "no-store"}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action is not None:  # else the method is refused, whatever the parameters are
            self.check_parameters(request)

    def perform_authentication(self, request: Request) -> None:
        """Counts the request: for its account and key, or for its address when the credential is refused."""
        try:
            super().perform_authentication(request)
        except APIException:
            self.counts = quotas.spend(request, None)
            raise
        self.counts = quotas.spend(request, cast("Identity | None", request.auth))

    # -- for subclasses ----------------------------------------------------------------------------------------------

    @property
    def user(self) -> User:
        """The caller. Only in views that require a credential."""
        return cast(User, self.request.user)

    @property
    def identity(self) -> Identity:
        """What the caller's credential proves. Only in views that require one."""
        return cast(Identity, self.request.auth)

    def validated(self, serializer_class: type[BaseSerializer[Any]], **context: Any) -> dict[str, Any]:
        """Returns the validated body of the request. Raises ValidationError."""
        serializer = serializer_class(data=self.request.data, context=context)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def get_binding(self) -> str | None:
        """Returns the stream that this URL belongs to, if there is one: keys that are bound to it may use the view."""
        return None

    def complete(self, response: Response) -> Response:
        """Adds what all answers of a view have. Called once per answer, with its final data."""
        return response

    # -- the way of a request ----------------------------------------------------------------------------------------

    def _run(self, handler: Callable[[], Response]) -> HttpResponse:
        if self.request.method in SAFE_METHODS:
            response = self.complete(handler())
            response.data = self.select(response.data)
            return response
        _ = self.request.data  # parsed here, because a slow or broken body must not hold a lock
        work: Callable[[], HttpResponse] = handler
        if self.is_transactional and (key := idempotency.key_of(self.request)):
            work = partial(idempotency.once, key, self.request, partial(self._finish_ahead, handler), self.is_secret)
        try:
            return retried(partial(self._write, work))
        except IntegrityError:
            # The row that is missing may be the caller's own, whose account was deleted meanwhile.
            if type(self.request.auth) is Identity:
                sessions.confirm(self.request.auth)
            raise

    def _write(self, work: Callable[[], HttpResponse]) -> HttpResponse:
        with recorded_events() as events:
            with write_transaction() if self.is_transactional else nullcontext():
                response = work()
        return self._finish(response, events)

    def _finish_ahead(self, handler: Callable[[], Response]) -> Response:
        """Finishes an answer before COMMIT, because it is stored in the same transaction."""
        response = handler()
        return cast(Response, self._finish(response, record_ahead()))

    def _finish(self, response: HttpResponse, events: list[RecordedEvent]) -> HttpResponse:
        """Completes an answer with the events of its write. A stored answer is an HttpResponse that is complete."""
        if isinstance(response, Response):
            if isinstance(response.data, Written):
                response.data = response.data.state(events)
            response = self.complete(response)
        positions = [p for p in written_positions(events) if permissions.may_know_position(self.user, p.channel)]
        if 0 < len(positions) <= MAX_POSITIONS:
            response[HEADER] = position_header(positions)
        return response
