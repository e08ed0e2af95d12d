"""What nodes of Centrifugo ask before they let a client do something: views that only nodes may call.

A node shows CENTRIFUGO_SECRET in a header. Answers are those of Centrifugo's proxy protocol over HTTP.
"""

from __future__ import annotations

import functools
import hmac
import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tidewire.centrifugo.broker_tables import PUBLISHED
from tidewire.centrifugo.publishing import publish
from tidewire.centrifugo.subscribing import ALLOWED_SECONDS, Client, allow, subscribe
from tidewire.ground import credentials
from tidewire.ground.conf import conf
from tidewire.ground.credentials import ExpiredCredential, Identity, InvalidCredential
from tidewire.protocol import strict_json
from tidewire.protocol.codes import Code, Disconnect, ErrorCode
from tidewire.rest.errors import not_found

Answer = dict[str, Any]
HEADER = "X-Tidewire-Secret"


def _proxy(answer: Callable[[dict[str, Any]], Answer]) -> Callable[[HttpRequest], HttpResponse]:
    """Makes a view of a function from a request's JSON to the answer's. Others than nodes get 404."""

    @functools.wraps(answer)
    @csrf_exempt
    def view(request: HttpRequest) -> HttpResponse:
        secret = str(conf.CENTRIFUGO_SECRET)
        shown = request.headers.get(HEADER, "")
        if request.method != "POST" or not secret or not hmac.compare_digest(shown.encode(), secret.encode()):
            return not_found(request)
        try:
            asked = strict_json.decode(request.body)
        except strict_json.JSONError:
            asked = None
        if not isinstance(asked, dict):
            return JsonResponse(_refusal(ErrorCode.BAD_REQUEST))
        return JsonResponse(answer(asked))

    return view


@_proxy
def connect(asked: dict[str, Any]) -> Answer:
    """Signs in a client without a token: by the API key in its connect data, {"key": …}."""
    data = asked.get("data")
    key = data.get("key") if isinstance(data, dict) else None
    if not isinstance(key, str):
        return _end(Disconnect.INVALID_TOKEN)
    try:
        found = credentials.authenticate(key)
        identity = found if isinstance(found, Identity) else found()
    except (InvalidCredential, ExpiredCredential):
        return _end(Disconnect.INVALID_TOKEN)
    if identity.is_renewable:  # a token belongs into the connect command, where the node itself verifies it
        return _end(Disconnect.INVALID_TOKEN)
    meta = {"sid": identity.session_id, "kind": identity.kind}
    result: Answer = {"user": identity.user_id, "meta": meta}
    if identity.expires_at is not None:
        result["expire_at"] = int(identity.expires_at)
    return {"result": result}


@_proxy
def subscribed(asked: dict[str, Any]) -> Answer:
    """Allows a subscription, for ALLOWED_SECONDS."""
    found = _client_and_channel(asked)
    if found is None:
        return _refusal(ErrorCode.BAD_REQUEST)
    error = subscribe(*found)
    return _refusal(error) if error else {"result": {"expire_at": int(time.time()) + ALLOWED_SECONDS}}


@_proxy
def refreshed(asked: dict[str, Any]) -> Answer:
    """Allows a subscription that goes on for as long again, or says that it is over. It does not wait for the relay."""
    found = _client_and_channel(asked)
    if found is None or isinstance(allow(*found), Code):
        return {"result": {"expired": True}}
    return {"result": {"expire_at": int(time.time()) + ALLOWED_SECONDS}}


@_proxy
def published(asked: dict[str, Any]) -> Answer:
    """Passes on an ephemeral message of a client. The answer keeps the node from publishing it once more."""
    found = _client_and_channel(asked)
    if found is None:
        return _refusal(ErrorCode.BAD_REQUEST)
    error = publish(*found, asked.get("data"))
    return _refusal(error) if error else {"result": {"version": PUBLISHED}}


def _client_and_channel(asked: dict[str, Any]) -> tuple[Client, str] | None:
    """Returns the client and the channel that a node asks about, or None where the question has another shape."""
    id, user, meta, channel = (asked.get(name) for name in ("client", "user", "meta", "channel"))
    if not (isinstance(id, str) and isinstance(user, str) and isinstance(meta, dict) and isinstance(channel, str)):
        return None
    return Client(id, user, meta), channel


def _refusal(error: Code) -> Answer:
    return {"error": {"code": error.code, "message": error.reason, "temporary": error.temporary}}


def _end(code: Code) -> Answer:
    return {"disconnect": {"code": code.code, "reason": code.reason}}


urlpatterns = [
    path("centrifugo/connect/", connect),
    path("centrifugo/subscribe/", subscribed),
    path("centrifugo/sub_refresh/", refreshed),
    path("centrifugo/publish/", published),
]
