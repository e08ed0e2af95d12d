"""ResourceViewSet, the base of view sets with the habits of this package.

An unsafe request is handled in one transaction, and handled again when the database has aborted the transaction for
another one. A safe request opens no transaction: on SQLite it would take the write lock. The credential is checked and
the body is parsed before the transaction begins. A request that ends in an error leaves nothing behind.

What the habits need of Django REST Framework's settings, the class sets for itself, so a project's other views are as
before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, cast

from django.db import IntegrityError, connections
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from tidewire.capture.snapshots import HEADER, Written, position_header, written_positions
from tidewire.declare.registry import registry
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.ground.streams import parse
from tidewire.rest import errors, idempotency
from tidewire.rest.media import OneRenderer, QuickJSONRenderer, StrictJSONParser
from tidewire.rest.pagination import KeysetPagination
from tidewire.rest.parameter_checks import ParametersMixin
from tidewire.transactions.commit import record_ahead, recorded_events
from tidewire.transactions.writes import retried, write_transaction

MAX_POSITIONS = 20
"""A write that changes more streams than this names no position: headers have a limit."""


class ResourceViewSet(ParametersMixin):
    """A DRF GenericViewSet, to which DRF's mixins (ListModelMixin, …) are added as usual."""

    parser_classes: Sequence[Any] = [StrictJSONParser]
    renderer_classes: Sequence[Any] = [QuickJSONRenderer]
    content_negotiation_class: Any = OneRenderer
    pagination_class: Any = KeysetPagination
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    is_transactional = True
    """False for a view that hashes a password. The models' own methods then open their transactions."""
    is_secret = False
    """True for a view whose answers must not be stored."""
    order_field = "pk"
    """The column that orders the list, unless `?ordering=` names one of `orderings`."""
    is_newest_first = True
    row_key = "pk"
    """The column that has a row's key, as `?around=` names it: that which the serializer shows."""

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:
        """Returns DRF's view. ATOMIC_REQUESTS passes it by: a transaction that the view does not open itself could not
        be run again, and would be open while a body arrives."""
        view = super().as_view(actions, **initkwargs)
        for alias in connections:
            view = non_atomic_requests(using=alias)(view)
        return view

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Does what DRF's does, but runs the handler through `_run`."""
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
        return self.response

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "no-store"}

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        return errors.handle_exception

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action is not None:  # else the method is refused, whatever the parameters are
            self.check_parameters(request)

    # -- for subclasses ----------------------------------------------------------------------------------------------

    def validated(self, serializer_class: type[BaseSerializer[Any]], **context: Any) -> dict[str, Any]:
        """Returns the validated body of the request. Raises ValidationError."""
        serializer = serializer_class(data=self.request.data, context=context)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def complete(self, response: Response) -> Response:
        """Adds what all answers of a view have. Called once per answer, with its final data."""
        return response

    def may_know_position(self, stream: str) -> bool:
        """Returns whether the answer to a write may contain the new position of `stream`: if the user may subscribe."""
        kind_name, key = parse(stream) or ("", "")
        kind = registry.kinds.get(kind_name)
        return kind is not None and key in kind.may_subscribe(str(self.request.user.pk), [key])

    def confirm_user(self, error: IntegrityError) -> None:
        """Called when a write ended in this error. Raises another one where the row that is missing is the caller's."""

    def written(self, events: list[RecordedEvent]) -> None:
        """Called after the COMMIT of each write, with the events that it recorded."""

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
        except IntegrityError as error:
            self.confirm_user(error)
            raise

    def _write(self, work: Callable[[], HttpResponse]) -> HttpResponse:
        with recorded_events() as events:
            with write_transaction() if self.is_transactional else nullcontext():
                response = work()
        self.written(events)
        return self._finish(response, events)

    def _finish_ahead(self, handler: Callable[[], Response]) -> tuple[Response, list[RecordedEvent]]:
        """Finishes an answer before COMMIT, because it is stored in the same transaction."""
        response, events = handler(), record_ahead()
        return cast(Response, self._finish(response, events)), events

    def _finish(self, response: HttpResponse, events: list[RecordedEvent]) -> HttpResponse:
        """Completes an answer with the events of its write. A stored answer is an HttpResponse that is complete."""
        if isinstance(response, Response):
            if isinstance(response.data, Written):
                response.data = response.data.state(events)
            response = self.complete(response)
        positions = written_positions(events)
        if len(positions) <= MAX_POSITIONS:
            positions = [position for position in positions if self.may_know_position(position.channel)]
            if positions:
                response[HEADER] = position_header(positions)
        return response
