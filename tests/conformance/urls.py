"""The calls of the reference server's API that suites make. They run in the event loop of the sockets that they end."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tests.conformance import log
from tests.conformance.channels import stream_of
from tests.conformance.connection import SuiteConnection
from tidewire.engine import engines
from tidewire.log import pages
from tidewire.protocol.codes import Code, Disconnect, Unsubscribe

UNAUTHORIZED = {"error": {"code": 101, "message": "unauthorized"}}
UNKNOWN_CHANNEL = {"error": {"code": 102, "message": "unknown channel"}}
BAD_REQUEST = {"error": {"code": 107, "message": "bad request"}}

Body = dict[str, Any]
Call = Callable[[Body], Awaitable[Body]]


def call(answer: Call, *required: str) -> Callable[[HttpRequest], Awaitable[JsonResponse]]:
    """Returns the view of a call whose body has these texts. A channel arrives as the name of its stream."""

    @csrf_exempt
    @require_POST
    async def view(request: HttpRequest) -> JsonResponse:
        key = settings.CONFORMANCE_API_KEY
        if key and request.headers.get("X-API-Key") != key:
            return JsonResponse(UNAUTHORIZED, status=401)
        try:
            body = json.loads(request.body)
        except ValueError:
            body = None
        if not isinstance(body, dict) or not all(isinstance(body.get(name), str) for name in required):
            return JsonResponse(BAD_REQUEST, status=400)
        if "channel" in required:
            body["channel"] = stream_of(body["channel"])
            if body["channel"] is None:
                return JsonResponse(UNKNOWN_CHANNEL)
        return JsonResponse({"result": await answer(body)})

    return view


async def publish(body: Body) -> Body:
    recorded = await sync_to_async(log.publish)(body["channel"], json.dumps(body.get("data")).encode())
    return {"offset": recorded.offset, "epoch": recorded.epoch}


async def history(body: Body) -> Body:
    page = await sync_to_async(pages.read_after)(body["channel"], 0)
    limit = body.get("limit", 0)
    entries = page.entries if limit < 0 else page.entries[:limit]
    publications = [{"offset": e.offset, "data": json.loads(log.json_of(e.payload))} for e in entries]
    return {"publications": publications, "offset": page.head.offset, "epoch": page.head.epoch}


async def disconnect(body: Body) -> Body:
    """Ends the connections of a user, with a code of the caller's choice."""
    wanted = body.get("disconnect") or {}
    code = Code(wanted["code"], wanted.get("reason", "")) if wanted else Disconnect.FORCE_NO_RECONNECT
    for connection in connections_of(body):
        connection.end(code)
    return {}


async def unsubscribe(body: Body) -> Body:
    """Ends the subscriptions of a user to a channel."""
    for connection in connections_of(body):
        subscription = connection.subscriptions.get(body["channel"])
        if subscription is not None:
            connection.engine.subscriptions.end(subscription, Unsubscribe.SERVER)
    return {}


def connections_of(body: Body) -> Iterator[SuiteConnection]:
    """Yields the connections of the user that the body names; with `client`, only that one."""
    for connection in engines.current().connections:
        if isinstance(connection, SuiteConnection) and connection.identity is not None:
            is_wanted = body.get("client") in (None, "", connection.id)
            if connection.identity.user_id == body["user"] and is_wanted:
                yield connection


urlpatterns = [
    path("", include("tidewire.urls")),
    path("api/publish", call(publish, "channel")),
    path("api/history", call(history, "channel")),
    path("api/disconnect", call(disconnect, "user")),
    path("api/unsubscribe", call(unsubscribe, "user", "channel")),
]
