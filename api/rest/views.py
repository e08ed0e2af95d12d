"""What every view shares: one transaction per unsafe request, run again after a deadlock, and the headers of a write.

Safe requests open no transaction: on SQLite it would take the write lock. The body is parsed and the caller is known
before the transaction begins. A request that ends in an error leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any, cast

from django.db import IntegrityError
from django.http import HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from api import permissions
from api.auth import quotas, sessions
from api.auth.quotas import Count
from api.models import User
from api.rest import idempotency
from api.rest.media import OneRenderer
from api.rest.parameters import ParametersMixin
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

MAX_POSITIONS = 20  # a header has its limits; whoever moves more streams than this deletes an account


class BaseViewSet(ParametersMixin, GenericViewSet):
    content_negotiation_class = OneRenderer
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    # A view that hashes a password says False, and leaves the transaction to the models' own save().
    is_transactional = True
    counts: list[Count] = []
    # A view whose answers nobody may keep says True.
    is_secret = False
    # What keys need a scope for; see api/auth/scopes.py. A view that names nothing is not for keys.
    resource: str | None = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """As DRF's, with the handler run through `_run`."""
        self.args, self.kwargs = args, kwargs
        self.headers = self.default_response_headers
        request = self.request = self.initialize_request(request, *args, **kwargs)
        try:
            self.initial(request, *args, **kwargs)
            handler = getattr(self, request.method.lower(), None)
            if request.method.lower() not in self.http_method_names or handler is None:
                handler = self.http_method_not_allowed
            response = self._run(lambda: handler(request, *args, **kwargs))
        except Exception as exc:
            response = self.handle_exception(exc)
        self.response = self.finalize_response(request, response, *args, **kwargs)
        if self.counts:
            self.response["RateLimit-Policy"] = quotas.policies(self.counts)
            self.response["RateLimit"] = quotas.remaining(self.counts)
        return self.response

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "no-store"}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action is not None:  # a method that is not known here is refused for that
            self.check_parameters(request)

    def perform_authentication(self, request: Request) -> None:
        """Counts the request for whoever makes it; one whose credential is refused is a stranger's."""
        try:
            super().perform_authentication(request)
        except APIException:
            self.counts = quotas.spend(request, None)
            raise
        self.counts = quotas.spend(request, request.auth)

    @property
    def user(self) -> User:
        """The caller. Not for views that take no credential."""
        return cast(User, self.request.user)

    def validated(self, serializer_class: type[BaseSerializer], **context: Any) -> dict[str, Any]:
        """Returns the validated body of the request. Raises ValidationError."""
        serializer = serializer_class(data=self.request.data, context=context)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def complete(self, response: Response) -> Response:
        """What a view adds to all its answers."""
        return response

    def _run(self, handler: Callable[[], Response]) -> HttpResponse:
        if self.request.method in SAFE_METHODS:
            response = self.complete(handler())
            response.data = self.select(response.data)
            return response
        _ = self.request.data  # a slow or broken body must not hold a lock
        key = idempotency.key_of(self.request) if self.is_transactional else None
        if key is None:
            return self._rerun(handler)
        answer = partial(self._positioned, handler)
        return self._rerun(partial(idempotency.once, key, self.request, answer, self.is_secret))

    def _rerun(self, handler: Callable[[], HttpResponse]) -> HttpResponse:
        try:
            return retried(partial(self._write, handler))
        except IntegrityError:
            # The row that is missing may be the caller's own, whose account was deleted meanwhile.
            if type(self.request.auth) is Identity:
                sessions.confirm(self.request.auth)
            raise

    def _write(self, handler: Callable[[], HttpResponse]) -> HttpResponse:
        with recorded_events() as events:
            with write_transaction() if self.is_transactional else nullcontext():
                response = handler()
        return self._finished(response, events)

    def _finished(self, response: HttpResponse, events: list[RecordedEvent]) -> HttpResponse:
        """The answer, when it is known what it made. One that is repeated was finished the first time."""
        if isinstance(response, Response):
            if isinstance(response.data, Written):
                response.data = response.data.state(events)
            response = self.complete(response)
        self._say_positions(response, events)
        return response

    def _positioned(self, handler: Callable[[], Response]) -> HttpResponse:
        """For an answer that is stored before COMMIT, with the positions of the events it made."""
        response = handler()
        return self._finished(response, record_ahead())

    def _say_positions(self, response: HttpResponse, events: list[RecordedEvent]) -> None:
        user = self.request.user
        known = [p for p in written_positions(events) if permissions.may_know_position(user, p.channel)]
        if 0 < len(known) <= MAX_POSITIONS:
            response[HEADER] = position_header(known)
