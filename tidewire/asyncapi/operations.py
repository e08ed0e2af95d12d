"""The operations of the document, seen from the server.

It receives commands and ephemeral messages, and sends everything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tidewire.asyncapi.frames import KINDS, METHODS, SUMMARIES
from tidewire.asyncapi.stream_kinds import KindChannel
from tidewire.asyncapi.struct_schemas import Schema

Operation = dict[str, Any]


def operations(kinds: Iterable[KindChannel]) -> dict[str, Operation]:
    """Returns {name: operation} of the connection and of each stream kind."""
    found = {method: _command(method) for method in METHODS}
    found["mark"] = _operation("send", "connection", "The server asks, the client answers at once.", ["server.ping"])
    found["mark"]["reply"] = _reply("client.pong")
    pushes = [f"push.{kind}" for kind in KINDS]
    found["push"] = _operation("send", "connection", "What the server sends without being asked.", pushes)
    for kind in kinds:
        found |= _of_streams(kind)
    return found


def _command(method: str) -> Operation:
    operation = _operation("receive", "connection", SUMMARIES[method], [method])
    return operation | {"reply": _reply(f"{method}.reply", "error")}


def _reply(*names: str) -> dict[str, Any]:
    return {"channel": _channel("connection"), "messages": [_message("connection", name) for name in names]}


def _of_streams(kind: KindChannel) -> dict[str, Operation]:
    found = {}
    if names := [*kind.events, *kind.ephemeral]:
        summary = f"What subscribers of a {kind.name} stream are sent."
        found[f"{kind.name}.follow"] = _operation("send", kind.name, summary, names)
    if kind.ephemeral:
        summary = f"What subscribers of a {kind.name} stream send each other, by `publish`."
        found[f"{kind.name}.publish"] = _operation("receive", kind.name, summary, kind.ephemeral)
    return found


def _operation(action: str, channel: str, summary: str, messages: Iterable[str]) -> Operation:
    return {
        "action": action,
        "channel": _channel(channel),
        "summary": summary,
        "description": summary,
        "messages": [_message(channel, name) for name in messages],
    }


def _channel(name: str) -> Schema:
    return {"$ref": f"#/channels/{name}"}


def _message(channel: str, name: str) -> Schema:
    return {"$ref": f"#/channels/{channel}/messages/{name}"}
