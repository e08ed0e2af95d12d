"""The frames of the JSON encoding as JSON schemas with examples: commands, replies and pushes, as tables.

Commands are read off the types that decode them (frames.py). What the server sends has no types there, so it is written
down here; a test holds every frame of a real session against these tables.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass
from typing import Any

import msgspec

from tidewire.asyncapi.examples import uuid
from tidewire.protocol import requests

Schema = dict[str, Any]

EXAMPLE_KEY = uuid("id")
_USER = uuid("user")
_CLIENT = "6a1f0b5e-3c7d-4e2a-9b8c-1d2e3f4a5b6c"
_EPOCH = "k3J9xQ2mT7aB"
_INFO = {"user": _USER, "client": _CLIENT}


@dataclass(frozen=True, slots=True)
class Method:
    """A command and its reply: what it is for, and the content of both frames under the method's name."""

    summary: str
    asked: dict[str, Any]
    answered: dict[str, Any]
    result: Schema


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def strict(properties: dict[str, Schema], required: typing.Iterable[str] | None = None) -> Schema:
    """An object; every property is required unless `required` says which are."""
    return {
        "type": "object",
        "required": sorted(properties if required is None else required),
        "properties": properties,
    }


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _number(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


_NOTHING: Schema = {"type": "object"}
_EXPIRES = {"expires": _flag("The token ends."), "ttl": _number("Seconds until it does: refresh before.")}
_IDENTITY = {"client": _text("The id of this connection."), "version": _text("The server.")}
_POSITION = {
    "epoch": _text("Offsets compare within one epoch only."),
    "offset": _number("Where the stream stands; left out at 0."),
}
_WHO = strict({"info": ref("ClientInfo")})
_PUBLICATIONS = {"type": "array", "items": ref("Publication"), "description": "Oldest first."}

SHARED: dict[str, Schema] = {
    "ClientInfo": strict({"user": _text("Whose connection it is."), "client": _text("The id of that connection.")}),
    "Error": strict(
        {
            "code": _number("See the table of codes."),
            "message": _text("For people."),
            "temporary": _flag("Try again later."),
        },
        ["code", "message"],
    ),
    "Ending": strict({"code": _number("See the table of codes."), "reason": _text("For people.")}),
    "Publication": {
        **strict(
            {
                "offset": {"type": "integer", "minimum": 1, "description": "Its place in the stream; not of a signal."},
                "data": {"oneOf": [ref("AnyEvent"), ref("AnySignal")]},
                "tags": {**strict({"type": _text("The event's type.")}), "description": "Stored events only."},
                "info": {**ref("ClientInfo")},
            },
            ["data"],
        ),
        "description": "An event of the log, with its offset; or a signal, which has none and says who sent it.",
    },
}

METHODS: dict[str, Method] = {
    "connect": Method(
        "The first command of every connection: who it is.",
        {"token": "eyJhbGciOi…"},
        {"client": _CLIENT, "version": "tidewire", "ping": 25, "pong": True, "expires": True, "ttl": 299},
        strict(
            {
                **_IDENTITY,
                "ping": _number("Seconds between the server's pings."),
                "pong": _flag("The server wants its pings answered."),
                **_EXPIRES,
            },
            ["client", "version", "ping", "pong"],
        ),
    ),
    "subscribe": Method(
        "Follow a stream; with `recover`, from a position that the client has.",
        {"channel": "…", "recover": True, "epoch": _EPOCH, "offset": 174},
        {"recoverable": True, "positioned": True, "epoch": _EPOCH, "offset": 174}
        | {"recovered": True, "was_recovering": True},
        strict(
            {
                "recoverable": _flag("The stream has a log to come back to."),
                "positioned": _flag("Its events have offsets."),
                **_POSITION,
                "publications": {**_PUBLICATIONS, "description": "What was missed: a page of it, the rest is pushed."},
                "was_recovering": _flag("The client asked to recover."),
                "recovered": _flag("All that was missed is here or follows. Without it: read the list again."),
            },
            ["recoverable", "positioned", "epoch"],
        ),
    ),
    "unsubscribe": Method("Follow a stream no more.", {"channel": "…"}, {}, _NOTHING),
    "refresh": Method(
        "A newer token of the same user, on the live connection.",
        {"token": "eyJhbGciOi…"},
        {"client": _CLIENT, "version": "tidewire", "expires": True, "ttl": 299},
        strict({**_IDENTITY, **_EXPIRES}, ["client", "version"]),
    ),
    "publish": Method(
        "Send a signal to the others who follow the stream: not stored, without an offset, on kinds that allow it.",
        {"channel": "…", "data": {"type": "…", "data": {}}},
        {},
        _NOTHING,
    ),
    "presence": Method(
        "Who follows the stream now.",
        {"channel": "…"},
        {"presence": {_CLIENT: _INFO}},
        strict({"presence": {"type": "object", "additionalProperties": ref("ClientInfo")}}),
    ),
    "presence_stats": Method(
        "How many follow the stream now.",
        {"channel": "…"},
        {"num_clients": 3, "num_users": 2},
        strict({"num_clients": _number("Connections."), "num_users": _number("People.")}),
    ),
    "history": Method(
        "Events of the log, after `since` or from its oldest; in `reverse` from the newest.",
        {"channel": "…", "limit": 50, "since": {"epoch": _EPOCH, "offset": 120}},
        {"publications": [], "epoch": _EPOCH, "offset": 120},
        strict({"publications": {**_PUBLICATIONS, "description": "In the order asked for."}, **_POSITION}),
    ),
    "rpc": Method(
        "Call a registered method of the application; error 108 where there is none of that name.",
        {"method": "…", "data": {}},
        {"data": {}},
        strict({"data": {"description": "What the method answers."}}),
    ),
    "ping": Method("Is anybody there? (The server asks with an empty object of its own.)", {}, {}, _NOTHING),
}

PUSHES: dict[str, tuple[str, Any, Schema]] = {
    # kind: (summary, example or None for "made from an event", schema of the content)
    "pub": ("An event of a stream, or a signal.", None, ref("Publication")),
    "join": ("Somebody follows the stream now; for those who subscribed with `join_leave`.", None, _WHO),
    "leave": ("Somebody follows the stream no more.", None, _WHO),
    "unsubscribe": (
        "This subscription is over, the connection is not. From 2500 on, subscribe again.",
        {"code": 2000, "reason": "server unsubscribe"},
        ref("Ending"),
    ),
}


def command(name: str) -> Schema:
    """The frame that asks for a method."""
    request = typing.get_type_hints(requests.Command)[name]
    struct = next(part for part in typing.get_args(request) if hasattr(part, "__struct_fields__"))
    return strict({"id": {"type": "integer", "minimum": 1, "maximum": requests.UINT32}, name: _request(struct)})


def reply(name: str) -> Schema:
    """The frame that answers it."""
    return strict({"id": _number("The command's."), name: METHODS[name].result})


def error() -> Schema:
    """The frame that refuses a command."""
    return strict({"id": _number("The command's."), "error": ref("Error")})


def push(kind: str) -> Schema:
    """The frame that the server sends unasked."""
    return strict({"push": strict({"channel": _text("The stream."), kind: PUSHES[kind][2]})})


def command_example(name: str, stream: str, **changes: Any) -> dict[str, Any]:
    asked = METHODS[name].asked
    return {"id": 1, name: asked | ({"channel": stream} if "channel" in asked else {}) | changes}


def reply_example(name: str) -> dict[str, Any]:
    return {"id": 1, name: METHODS[name].answered}


def push_example(kind: str, stream: str, event: Any) -> dict[str, Any]:
    publication = {"offset": 175, "data": event, "tags": {"type": event["type"]}}
    content = PUSHES[kind][1] or (publication if kind == "pub" else {"info": _INFO})
    return {"push": {"channel": stream, kind: content}}


def _request(struct: type) -> Schema:
    """A request's schema, from the type that decodes it."""
    hints = typing.get_type_hints(struct)
    required = [field.name for field in msgspec.structs.fields(struct) if field.required]
    schema: Schema = {"type": "object", "properties": {name: _field(hint) for name, hint in hints.items()}}
    return {**schema, "required": required} if required else schema


def _field(hint: Any) -> Schema:
    nested = [part for part in (hint, *typing.get_args(hint)) if hasattr(part, "__struct_fields__")]
    if nested:
        return _request(nested[0])
    return {} if hint is msgspec.Raw else msgspec.json.schema(hint)
