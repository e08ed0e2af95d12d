"""The probes, answered before Django's middleware.

An orchestrator asks a process by its own address, over plain HTTP. That address is in no list of allowed hosts, and
there is no TLS, so the checks of hosts and of TLS would refuse it. The probes tell nothing that depends on either.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

from asgiref.sync import ThreadSensitiveContext
from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404
from django.urls import Resolver404, resolve

from tidewire.http import health
from tidewire.http.problems import NOT_FOUND, refuse
from tidewire.http.threaded_handler import response_start
from tidewire.http.view_limit import PROBE_PATHS

VIEWS = frozenset({health.alive, health.ready, health.exposition})

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""Ids that the answer repeats. They end in logs, so they hold nothing that means something there."""


class Probes:
    """ASGI middleware that answers requests to PROBE_PATHS, where the project routes them to the engine's views.

    Everything else goes on to `application`, also a project's own view at one of these paths.
    """

    def __init__(self, application: ASGI3Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        view = _view(scope["path"]) if scope["type"] == "http" and scope["path"] in PROBE_PATHS else None
        if view is None:
            await self._application(scope, receive, send)
        else:
            assert scope["type"] == "http"
            await _answer(view, scope, send)


def _view(path: str) -> Any:
    """Returns the engine's view at this path, or None."""
    try:
        view = resolve(path).func
    except Resolver404:
        return None
    return view if view in VIEWS else None


async def _answer(view: Any, scope: HTTPScope, send: ASGISendCallable) -> None:
    """Sends what the view returns, with the request's X-Request-ID. The request's body is not read."""
    request = ASGIRequest(scope, BytesIO())
    try:
        async with ThreadSensitiveContext():  # a thread of its own, so that two probes do not wait for each other
            response = await view(request)
    except Http404:
        await refuse(NOT_FOUND, scope, send)
        return
    response["Content-Length"] = str(len(response.content))
    if REQUEST_ID.fullmatch(request.headers.get("X-Request-ID", "")):
        response["X-Request-ID"] = request.headers["X-Request-ID"]
    await send(response_start(response))
    body = b"" if scope["method"] == "HEAD" else response.content
    await send({"type": "http.response.body", "body": body, "more_body": False})
