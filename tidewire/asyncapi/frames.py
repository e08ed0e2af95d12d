"""The frames of the connection: commands, replies, pushes and pings, each with an example.

Their schemas are derived from the types that decode and encode them. A test holds every frame of a real session against
the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from tidewire.asyncapi.examples import uuid
from tidewire.asyncapi.messages import Message, message
from tidewire.asyncapi.struct_schemas import Schema, ref
from tidewire.protocol.codes import Disconnect, ErrorCode, Unsubscribe
from tidewire.protocol.pushes import (
    PUSHES,
    ClientInfo,
    DisconnectPush,
    JoinPush,
    LeavePush,
    Publication,
    PublicationTags,
    Push,
    UnsubscribePush,
)
from tidewire.protocol.requests import (
    UINT32,
    ChannelRequest,
    ConnectRequest,
    HistoryRequest,
    PingRequest,
    PublishRequest,
    RefreshRequest,
    Request,
    RpcRequest,
    StreamPosition,
    SubscribeRequest,
    request_types,
)
from tidewire.protocol.results import (
    RESULTS,
    ConnectResult,
    Error,
    HistoryResult,
    PingResult,
    PresenceResult,
    PresenceStatsResult,
    PublishResult,
    RefreshResult,
    Result,
    RpcResult,
    SubscribeResult,
    UnsubscribeResult,
)

SUMMARIES = {
    "connect": "The first command of every connection: who the user is.",
    "subscribe": "Subscribe to a stream; with `recover`, from a position that the client has.",
    "unsubscribe": "End a subscription.",
    "refresh": "A newer token of the same user, on the live connection.",
    "publish": "Send an ephemeral message to the other subscribers of a stream, where its kind allows that.",
    "presence": "Which clients are subscribed to the stream now.",
    "presence_stats": "How many clients are subscribed to the stream now.",
    "history": "Events of the log, after `since` or from its oldest; in `reverse` from the newest.",
    "rpc": "Call a registered method of the application; error 108 where there is none of that name.",
    "ping": "Ask whether the server is there. (The server asks with an empty object of its own.)",
}
METHODS = tuple(result.method for result in RESULTS)
KINDS = tuple(push.kind for push in PUSHES)

_TOKEN, _EPOCH = "eyJhbGciOi…", "k3J9xQ2mT7aB"
_CLIENT = "6a1f0b5e-3c7d-4e2a-9b8c-1d2e3f4a5b6c"
_INFO = ClientInfo(user=uuid("user"), client=_CLIENT)
_ID = {"type": "integer", "minimum": 0, "description": "The command's."}


def command_messages(stream: str, ephemeral_type: str, rpc_method: str) -> Iterator[tuple[str, Message]]:
    """Yields (name, message) of each method's command. The examples are about `stream`."""
    ephemeral = Raw(msgspec.json.encode({"type": ephemeral_type, "data": {}}))
    requests: dict[str, Request] = {
        "connect": ConnectRequest(_TOKEN),
        "subscribe": SubscribeRequest(stream, recover=True, epoch=_EPOCH, offset=174),
        "unsubscribe": ChannelRequest(stream),
        "refresh": RefreshRequest(_TOKEN),
        "publish": PublishRequest(stream, ephemeral),
        "presence": ChannelRequest(stream),
        "presence_stats": ChannelRequest(stream),
        "history": HistoryRequest(stream, limit=50, since=StreamPosition(120, _EPOCH)),
        "rpc": RpcRequest(rpc_method, Raw(b"{}")),
        "ping": PingRequest(),
    }
    id = {"type": "integer", "minimum": 1, "maximum": UINT32}
    for method in METHODS:
        payload = _object({"id": id, method: ref(request_types()[method].__name__)})
        yield (
            method,
            message(method, "command", SUMMARIES[method], payload, _example({"id": 1, method: requests[method]})),
        )


def reply_messages() -> Iterator[tuple[str, Message]]:
    """Yields (name, message) of each method's reply, and of the error that any command may be answered with."""
    results: tuple[Result, ...] = (
        ConnectResult(_CLIENT, "tidewire", ping=25, pong=True, expires=True, ttl=299),
        SubscribeResult(True, True, _EPOCH, offset=174, recovered=True, was_recovering=True),
        UnsubscribeResult(),
        RefreshResult(_CLIENT, "tidewire", expires=True, ttl=299),
        PublishResult(),
        PresenceResult({_CLIENT: _INFO}),
        PresenceStatsResult(num_clients=3, num_users=2),
        HistoryResult([], _EPOCH, offset=120),
        RpcResult(Raw(b"{}")),
        PingResult(),
    )
    for result in results:
        name, payload = f"{result.method}.reply", _object({"id": _ID, result.method: ref(type(result).__name__)})
        example = _example({"id": 1, result.method: result})
        yield name, message(name, "reply", f"The reply to {result.method}.", payload, example)
    code = ErrorCode.PERMISSION_DENIED
    example = _example({"id": 1, "error": Error(code.code, code.reason)})
    payload = _object({"id": _ID, "error": ref("Error")})
    yield "error", message("error", "reply", "A command was refused.", payload, example)


def push_messages(stream: str, event: dict[str, Any]) -> Iterator[tuple[str, Message]]:
    """Yields (name, message) of each push. The example of a publication holds `event`."""
    pushes: dict[str, tuple[str, Push]] = {
        "pub": (
            "An event of a stream, or an ephemeral message.",
            Publication(175, Raw(msgspec.json.encode(event)), PublicationTags(event["type"])),
        ),
        "join": ("A client has subscribed; for those who subscribed with `join_leave`.", JoinPush(_INFO)),
        "leave": ("A client has left; for those who subscribed with `join_leave`.", LeavePush(_INFO)),
        "unsubscribe": (
            "This subscription is over, the connection is not. From 2500 on, subscribe again.",
            UnsubscribePush(Unsubscribe.SERVER.code, Unsubscribe.SERVER.reason),
        ),
    }
    channel = {"type": "string", "description": "The stream."}
    for kind, (summary, push) in pushes.items():
        name = f"push.{kind}"
        payload = _object({"push": _object({"channel": channel, kind: ref(type(push).__name__)})})
        yield name, message(name, "push", summary, payload, _example({"push": {"channel": stream, kind: push}}))
    final = DisconnectPush(Disconnect.PERMISSION_DENIED.code, Disconnect.PERMISSION_DENIED.reason)
    summary = "The connection is over, and the client should stay away. The close frame follows."
    payload = _object({"push": _object({final.kind: ref(type(final).__name__)})})
    name = f"push.{final.kind}"
    yield name, message(name, "push", summary, payload, _example({"push": {final.kind: final}}))


def ping_messages() -> Iterator[tuple[str, Message]]:
    """Yields (name, message) of the server's ping and its answer: empty objects both."""
    empty: Schema = {"type": "object", "maxProperties": 0}
    summary = "The server asks whether the client is there, and how far it has read: answer at once."
    yield "server.ping", message("server.ping", "push", summary, empty, {})
    yield "client.pong", message("client.pong", "command", "The answer to server.ping.", empty, {})


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "required": sorted(properties), "properties": properties}


def _example(frame: dict[str, Any]) -> Any:
    """The frame as a client reads it."""
    return msgspec.json.decode(msgspec.json.encode(frame))
