"""Django's sync handler, on a bounded number of long-lived threads.

For each request to a sync view, Django's ASGI handler starts a thread, takes a database connection, hops between the
thread and the event loop several times, and watches the client in order to cancel the view. None of that helps a sync
view. Here a request is one job of one thread (tidewire/ground/threads.py), which keeps its database connection. A view
that has begun is finished, even when its client has left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    HTTPResponseStartEvent,
    Scope,
)
from django.core import signals
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http.response import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix

from tidewire.ground.conf import conf
from tidewire.ground.threads import Threads, begin_job
from tidewire.http.view_limit import PROBE_PATHS


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response: its first ASGI message, and its body."""

    start: HTTPResponseStartEvent
    body: bytes


class ThreadedHandler:
    """ASGI application for HTTP: runs Django's views, one request per thread, on at most MAX_VIEWS threads.

    `django` is Django's own ASGI handler. It answers the paths of the probes (/healthz, /readyz, /metrics) where
    probes.py has not: without EngineMiddleware around, or where the project has views of its own there.
    """

    def __init__(self, django: ASGI3Application) -> None:
        self._django = django
        self._handler = _SyncHandler()
        self._threads = Threads(conf.MAX_VIEWS, "tidewire-view")

    def close(self) -> None:
        """Ends the threads. No request may follow."""
        self._threads.close()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        assert scope["type"] == "http"
        if scope["path"] in PROBE_PATHS:
            await self._django(scope, receive, send)
            return
        body = await _read_body(receive)
        if body is None:
            return
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer | None] = loop.create_future()
        send_from_thread = _blocking(send, loop)

        def job() -> None:
            try:
                answer, error = self._answer(scope, body, send_from_thread), None
            except Exception as failure:  # Django's handler turned it into no response: the server reports it
                answer, error = None, failure
            try:
                loop.call_soon_threadsafe(_settle, answered, answer, error)
            except RuntimeError:  # the loop is closed: this process has ended
                return

        self._threads.run(job)
        answer = await answered
        if answer is not None:
            await send(answer.start)
            await send({"type": "http.response.body", "body": answer.body, "more_body": False})

    def _answer(self, scope: Scope, body: bytes, send: Callable[[ASGISendEvent], None]) -> Answer | None:
        """Runs the view, in a thread. Returns its answer; None after a streaming response, which is sent from here
        chunk by chunk, as the view makes them."""
        response = self._handler.respond(scope, body)
        try:
            if not isinstance(response, StreamingHttpResponse):
                assert isinstance(response, HttpResponse)
                return Answer(response_start(response), response.content)
            send(response_start(response))
            for chunk in response:
                send({"type": "http.response.body", "body": chunk, "more_body": True})
            send({"type": "http.response.body", "body": b"", "more_body": False})
            return None
        finally:
            response.close()  # and with it the request


class _SyncHandler(ASGIHandler):
    """Django's ASGI handler with its middleware loaded for sync views."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)  # ASGIHandler's own would load the middleware for async
        self.load_middleware(is_async=False)

    def respond(self, scope: Scope, body: bytes) -> HttpResponseBase:
        """Runs middleware and view; returns the response, which the caller closes."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        begin_job()
        request, refusal = self.create_request(scope, BytesIO(body))
        if request is not None:
            # A body in chunks has no length of its own, and DRF takes a body without one for empty.
            request.META.setdefault("CONTENT_LENGTH", str(len(body)))
            return self.get_response(request)
        assert refusal is not None
        return refusal


def _blocking(send: ASGISendCallable, loop: asyncio.AbstractEventLoop) -> Callable[[ASGISendEvent], None]:
    """Returns `send` for use in a thread: it blocks until the loop has sent the message."""

    async def forward(message: ASGISendEvent) -> None:
        await send(message)

    return lambda message: asyncio.run_coroutine_threadsafe(forward(message), loop).result()


def _settle(answered: asyncio.Future[Answer | None], answer: Answer | None, error: Exception | None) -> None:
    if answered.done():  # its client has left
        return
    if error is None:
        answered.set_result(answer)
    else:
        answered.set_exception(error)


def response_start(response: HttpResponseBase) -> HTTPResponseStartEvent:
    """Returns the first ASGI message of a response."""
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    headers += [
        (b"Set-Cookie", cookie.output(header="").encode("ascii").strip()) for cookie in response.cookies.values()
    ]
    return {"type": "http.response.start", "status": response.status_code, "headers": headers, "trailers": False}


async def _read_body(receive: ASGIReceiveCallable) -> bytes | None:
    """Returns the whole body, which body_limit.py has bounded; None when the client left before its end."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":  # `http.disconnect`
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
