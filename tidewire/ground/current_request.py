"""The HTTP request that is being answered, as its log lines, its problem and its metrics name it.

It lives in a context variable, which threads and tasks inherit. The outermost part that sees a request makes it: the
ASGI middleware, or where there is none, Django's. The parts behind fill in what they learn: the route, the user.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar, Token

from asgiref.typing import HTTPScope

from tidewire.ground.request_ids import request_id, trace_id_of


class CurrentRequest:
    """One request. `id` is a proxy's, or the trace's, or a new one. `trace_id` is "" where no trace is known.

    `route` is the pattern that matched, never the path: a path may hold what a client should not have put there. `user`
    is the key of the account whose credential was accepted, `code` that of the problem that was the answer.
    """

    __slots__ = ("code", "id", "route", "trace_id", "traceparent", "user")

    def __init__(self, id: str = "", traceparent: str = "") -> None:
        self.trace_id = trace_id_of(traceparent)
        self.traceparent = traceparent if self.trace_id else ""
        self.id = request_id(id, traceparent)
        self.route = self.user = self.code = ""

    @classmethod
    def of(cls, headers: Iterable[tuple[bytes, bytes]]) -> CurrentRequest:
        """Returns the request with these headers, as ASGI gives them. A traceparent that is given twice is none."""
        ids = [value for name, value in headers if name == b"x-request-id"]
        traces = [value for name, value in headers if name == b"traceparent"]
        return cls(_only(ids), _only(traces))


_current: ContextVar[CurrentRequest | None] = ContextVar("tidewire_request", default=None)


def current_request() -> CurrentRequest | None:
    """Returns the request that is being answered in this context. None outside of requests."""
    return _current.get()


def begin_request(request: CurrentRequest) -> Token[CurrentRequest | None]:
    """Makes this the current request, until `end_request` is called with what it returns."""
    return _current.set(request)


def end_request(token: Token[CurrentRequest | None]) -> None:
    _current.reset(token)


def request_id_in(scope: HTTPScope) -> str:
    """Returns the id of the request of this scope: the current one's, or a new one at each call."""
    current = current_request()
    return CurrentRequest.of(scope["headers"]).id if current is None else current.id


def _only(values: list[bytes]) -> str:
    return values[0].decode("latin-1") if len(values) == 1 else ""
