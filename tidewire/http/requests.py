"""Requests: Django's sync handler, on a bounded number of long-lived threads.

Under ASGI Django starts a thread, and takes a database connection, for each request, hops to it and back several times,
and watches the client meanwhile, to cancel what has begun. None of that helps a sync view. Here a request is one job of
one thread (threads.py), which keeps its connection; a view that has begun is finished, also when its client has left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.core import signals
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from tidewire.ground.conf import conf
from tidewire.ground.threads import Threads, begin_job
from tidewire.http.view_limit import ALWAYS

Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that is ready to be sent. Chunks of a streaming one are made while it is sent."""

    start: dict[str, Any]
    body: bytes


class Requests(ASGIHandler):
    """ASGI application for HTTP. `health`, Django's own, answers what is asked of the event loop itself."""

    def __init__(self, health: Callable[..., Awaitable[None]]) -> None:
        BaseHandler.__init__(self)  # ASGIHandler's own would load the middleware for async
        self.load_middleware(is_async=False)
        self._health = health
        self._threads = Threads(conf.MAX_VIEWS, "tidewire-view")

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        if scope["path"] in ALWAYS:
            await self._health(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            return
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer | None] = loop.create_future()
        self._threads.run(lambda: self._work(scope, body, send, loop, answered))
        answer = await answered
        if answer is not None:
            await send(answer.start)
            await send({"type": "http.response.body", "body": answer.body})

    # -- in a thread -------------------------------------------------------------------------------------------------

    def _work(self, scope: dict[str, Any], body: bytes, send: Send, loop: Any, answered: asyncio.Future) -> None:
        try:
            answer, error = self._answer(scope, BytesIO(body), send, loop), None
        except Exception as failure:  # what Django's handler does not turn into a response is the server's to report
            answer, error = None, failure
        try:
            loop.call_soon_threadsafe(_settle, answered, answer, error)
        except RuntimeError:  # the loop is closed: this process has ended
            return

    def _answer(self, scope: dict[str, Any], body: BytesIO, send: Send, loop: Any) -> Answer | None:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        begin_job()
        request, response = self.create_request(scope, body)
        if request is not None:
            response = self.get_response(request)
        try:
            if not response.streaming:
                return Answer(_start(response), response.content)
            _stream(response, lambda message: asyncio.run_coroutine_threadsafe(send(message), loop).result())
            return None
        finally:
            response.close()  # and with it the request


def _settle(answered: asyncio.Future, answer: Answer | None, error: Exception | None) -> None:
    if answered.done():  # its client has left
        return
    if error is None:
        answered.set_result(answer)
    else:
        answered.set_exception(error)


def _stream(response: HttpResponseBase, send: Callable[[dict[str, Any]], None]) -> None:
    send(_start(response))
    for chunk in response:
        send({"type": "http.response.body", "body": chunk, "more_body": True})
    send({"type": "http.response.body", "body": b""})


def _start(response: HttpResponseBase) -> dict[str, Any]:
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    headers += [
        (b"Set-Cookie", cookie.output(header="").encode("ascii").strip()) for cookie in response.cookies.values()
    ]
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}


async def _body(receive: Any) -> bytes | None:
    """The whole body, which bodies.py has bounded; None when the client left before its end."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
