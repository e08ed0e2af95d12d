"""The AsyncAPI 3 document: all that a socket takes and says, made from the declarations of what is live.

Events and signals come from the registry, their data from the serializers that answer REST, frames and codes from the
tables that the server itself uses. Each kind of stream is a channel; the connection that carries them is one, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from typing import Any

import yaml
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from drf_spectacular.settings import spectacular_settings
from rest_framework import serializers
from rest_framework.views import APIView

from tidewire.asyncapi import wire_schemas
from tidewire.asyncapi.examples import example
from tidewire.asyncapi.wire_schemas import METHODS, PUSHES, Schema, ref, strict
from tidewire.declare.kinds import StreamKind
from tidewire.declare.live import Live
from tidewire.declare.registry import Registry, registry
from tidewire.ground.actors import ACTOR_TYPES
from tidewire.ground.conf import conf
from tidewire.protocol import codes

ADDRESS = "/connection/websocket"
TEXT = """\
One WebSocket carries every stream. It speaks the Centrifuge client protocol, so the public SDKs connect as they are.
Text frames hold JSON objects; one frame may hold several, separated by a newline, both ways.

A command has an `id` and gets one reply with that `id`. A push has none. An empty object from the server is a ping:
answer it with an empty object. The channels named after a kind of stream list its events. Each travels as
`push.pub.data` with an `offset`, and as an item of `publications` in the replies to `subscribe` and `history`.

The Protobuf encoding (subprotocol `centrifuge-protobuf`) carries the same messages, with `data` as JSON bytes.
Clients must bear fields and types that they do not know: adding one breaks nothing.
"""
TAGS = {
    "command": "What a client asks.",
    "event": "What the log keeps: in order, with an offset, sent again to who comes back.",
    "push": "What the server says unasked.",
    "reply": "What the server answers to a command.",
    "signal": "What subscribers tell each other: not stored, without an offset.",
}
ACTOR = {
    **strict({"type": {"enum": list(ACTOR_TYPES)}, "id": {"type": ["string", "null"], "format": "uuid"}}),
    "description": "Who did it.",
}


class OnlyID(serializers.Serializer):
    """The key of an object that is gone."""

    id = serializers.CharField()


@cache
def document() -> dict[str, Any]:
    """The document of this process. Declarations do not change while it runs."""
    return build(registry)


def build(registry: Registry) -> dict[str, Any]:
    schemas = Schemas()
    kinds = [Kind(kind, registry, schemas) for kind in registry.kinds.values()]
    schemas.add_unions(kinds)
    messages = [*_commands(kinds), *_replies(), *_pings()]
    stream_messages = [message for kind in kinds for message in kind.messages(schemas)]
    messages += [*_pushes(kinds, schemas), *stream_messages]
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "servers": {"here": {"host": "localhost:8000", "protocol": "ws", "description": "As `make run` starts it."}},
        "defaultContentType": "application/json",
        "channels": {"connection": _connection()} | {kind.name: kind.channel() for kind in kinds},
        "operations": _operations(kinds),
        "components": {"messages": dict(messages), "schemas": schemas.all()},
        "x-codes": _codes(),
    }


class _Dumper(yaml.SafeDumper):
    """Writes what is used twice out twice: anchors are hard to read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """Paragraphs stand as they are."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def to_yaml(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def to_json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _info() -> dict[str, Any]:
    return {
        "title": f"{spectacular_settings.TITLE}: the socket",
        "version": spectacular_settings.VERSION,
        "description": TEXT,
        "license": {"name": "MIT", "url": "https://opensource.org/license/mit"},
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
    }


# -- schemas -------------------------------------------------------------------------------------------------------


class Schemas:
    """The components of the document. Serializers become schemas as they do in OpenAPI."""

    def __init__(self) -> None:
        self._mapper = AutoSchema()
        self._mapper.registry, self._mapper.view = ComponentRegistry(), APIView(request=None)
        self._mapper.method, self._mapper.path = "GET", ""
        self._own: dict[str, Schema] = {"Actor": ACTOR, **wire_schemas.SHARED}

    def of_serializer(self, serializer: type) -> Schema:
        serializer = getattr(serializer, "documented_as", serializer)
        return dict(self._mapper.resolve_serializer(serializer, "response").ref)

    def add(self, kind: str, type: str, suffix: str, schema: Schema) -> tuple[str, Schema]:
        """(message name, reference). Only where two kinds say different things by one name does the kind's join it."""
        name = type if self._own.setdefault(component(type, suffix), schema) == schema else f"{kind}.{type}"
        self._own[component(name, suffix)] = schema
        return name, ref(component(name, suffix))

    def add_unions(self, kinds: list[Kind]) -> None:
        """What may stand in `data`: any event, or any signal."""
        for name, parts in {
            "AnyEvent": {name: schema for kind in kinds for name, schema in kind.events.items()},
            "AnySignal": {name: schema for kind in kinds for name, schema in kind.ephemeral.items()},
        }.items():
            self._own[name] = {"oneOf": list(parts.values())} if parts else {"not": {}}

    def all(self) -> dict[str, Schema]:
        mapped = self._mapper.registry.build({}).get("schemas", {})
        return {name: _plain(schema) for name, schema in sorted((mapped | self._own).items())}


def component(type: str, suffix: str) -> str:
    """`message.created` → `MessageCreatedEvent`."""
    return "".join(word.capitalize() for word in re.split(r"[._]", type)) + suffix


def _plain(node: Any) -> Any:
    """Without what only OpenAPI understands: `readOnly`, and references that are wrapped to stand beside it."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _plain(value) for key, value in node.items() if key != "readOnly"}
    wrapped = node.get("allOf", [])
    return wrapped[0] if len(node) == len(wrapped) == 1 else node


def _event(type: str, data: Schema) -> Schema:
    return strict(
        {
            "type": {"type": "string", "const": type},
            "id": {"type": "string", "format": "uuid"},
            "at": {"type": "string", "format": "date-time"},
            "actor": ref("Actor"),
            "data": data,
        }
    )


def _signal(type: str) -> Schema:
    event = _event(type, {"description": "What the sender put there."})
    del event["properties"]["id"]  # nothing to remember it by
    return event | {"required": sorted(event["properties"])}


# -- what a stream carries -----------------------------------------------------------------------------------------


class Kind:
    """A kind of stream with {message name: reference} of its events and of its ephemeral messages."""

    def __init__(self, kind: StreamKind, registry: Registry, schemas: Schemas) -> None:
        self.kind, self.name = kind, kind.name
        declared = dict(_declared(kind, registry))
        self._declared, self._deletions = declared.keys(), registry.deletion_types & declared.keys()
        self._facts = {fact.type for fact in registry.facts if fact.kind is kind}
        self.events = dict(
            schemas.add(kind.name, type, "Event", _event(type, schemas.of_serializer(data)))
            for type, data in sorted(declared.items())
        )
        self.ephemeral = dict(schemas.add(kind.name, type, "Signal", _signal(type)) for type in sorted(kind.ephemeral))

    @property
    def stream(self) -> str:
        """A name for examples."""
        return self.kind(wire_schemas.EXAMPLE_KEY)

    def channel(self) -> dict[str, Any]:
        return {
            "address": f"{self.name}:{{key}}",
            "title": f"{self.name.capitalize()} streams",
            "description": f"One ordered log for each {self.name}.",
            "parameters": {"key": {"description": f"The id of the {self.name}."}},
            "messages": {name: _message_ref(name) for name in [*self.events, *self.ephemeral]},
            "x-has-presence": self.kind.has_presence,
        }

    def messages(self, schemas: Schemas) -> Iterator[tuple[str, dict[str, Any]]]:
        everything = schemas.all()
        for name, schema in self.events.items():
            type = name if name in self._declared else name.removeprefix(f"{self.name}.")
            summary = "Its whole state, as the list shows it."
            if type in self._deletions:
                summary = "It is gone: its key, and nothing else."
            elif type in self._facts:
                summary = "It happened: what is told of it, and nothing else."
            yield name, _message(name, "event", summary, schema, example(schema, everything))
        for name, schema in self.ephemeral.items():
            summary = "Passed on to who is there now; the server adds the time and who it was."
            yield name, _message(name, "signal", summary, schema, example(schema, everything))


def _declared(kind: StreamKind, registry: Registry) -> Iterator[tuple[str, type]]:
    """(event type, serializer of its data) of all that is declared for streams of this kind."""
    for live in registry.lives:
        if live.stream.kind is kind:
            yield from _types(live, registry)
    yield from ((fact.type, fact.serializer) for fact in registry.facts if fact.kind is kind)


def _types(live: Live, registry: Registry) -> Iterator[tuple[str, type]]:
    for type, is_key in live.types.items():
        yield type, (live.key_schema or OnlyID) if is_key else live.serializer
    for touch in registry.touches:
        if touch.parent_model is live.model:  # told with the parent's full state
            yield from ((type, live.serializer) for type in (touch.created, touch.updated, touch.deleted) if type)


# -- messages ------------------------------------------------------------------------------------------------------


def _message(name: str, tag: str, summary: str, payload: Schema, shown: Any) -> dict[str, Any]:
    return {
        "name": name,
        "title": name,
        "summary": summary,
        "tags": [{"name": tag}],
        "payload": payload,
        "examples": [{"name": "example", "payload": shown}],
    }


def _message_ref(name: str) -> Schema:
    return {"$ref": f"#/components/messages/{name}"}


def _commands(kinds: list[Kind]) -> Iterator[tuple[str, dict[str, Any]]]:
    stream = next((kind.stream for kind in kinds if kind.ephemeral), kinds[0].stream if kinds else "kind:key")
    ephemeral = [name for kind in kinds for name in kind.ephemeral]
    changes = {
        "publish": {"data": {"type": next(iter(ephemeral), "signal"), "data": {}}},
        "rpc": {"method": next(iter(conf.RPC), "name")},
    }
    for name, method in METHODS.items():
        shown = wire_schemas.command_example(name, stream, **changes.get(name, {}))
        yield name, _message(name, "command", method.summary, wire_schemas.command(name), shown)


def _replies() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in METHODS:
        shown, payload = wire_schemas.reply_example(name), wire_schemas.reply(name)
        yield f"{name}.reply", _message(f"{name}.reply", "reply", f"The answer to {name}.", payload, shown)
    code = codes.ErrorCode.PERMISSION_DENIED
    refused = {"id": 1, "error": {"code": code.code, "message": code.reason}}
    yield "error", _message("error", "reply", "A command was refused.", wire_schemas.error(), refused)


def _pushes(kinds: list[Kind], schemas: Schemas) -> Iterator[tuple[str, dict[str, Any]]]:
    kind = next((kind for kind in kinds if kind.events), None)
    stream, event = "kind:key", {"type": "event"}
    if kind is not None:
        stream, event = kind.stream, example(next(iter(kind.events.values())), schemas.all())
    for name, (summary, _, _) in PUSHES.items():
        shown = wire_schemas.push_example(name, stream, event)
        yield f"push.{name}", _message(f"push.{name}", "push", summary, wire_schemas.push(name), shown)


def _pings() -> Iterator[tuple[str, dict[str, Any]]]:
    nothing = {"type": "object", "maxProperties": 0}
    summary = "The server asks whether anybody is there, and how far the client has read: answer at once."
    yield "server.ping", _message("server.ping", "push", summary, nothing, {})
    yield "client.pong", _message("client.pong", "command", "The answer to server.ping.", nothing, {})


# -- channels and operations ---------------------------------------------------------------------------------------


def _connection() -> dict[str, Any]:
    names = [*METHODS, "client.pong", *[f"{name}.reply" for name in METHODS], "error"]
    names += ["server.ping", *[f"push.{name}" for name in PUSHES]]
    return {
        "address": ADDRESS,
        "title": "The connection",
        "description": "Commands in, replies and pushes out. The first command is `connect`, within five seconds.",
        "messages": {name: _message_ref(name) for name in names},
    }


def _operations(kinds: list[Kind]) -> dict[str, Any]:
    """Seen from the server: it receives commands and signals, and sends the rest."""
    operations = {}
    for name, method in METHODS.items():
        operation = _operation("receive", "connection", method.summary, [name])
        answers = [_channel_message("connection", answer) for answer in (f"{name}.reply", "error")]
        operations[name] = operation | {"reply": {"channel": _channel("connection"), "messages": answers}}
    pong = _operation("send", "connection", "The server asks, the client answers at once.", ["server.ping"])
    pong["reply"] = {"channel": _channel("connection"), "messages": [_channel_message("connection", "client.pong")]}
    pushes = [f"push.{name}" for name in PUSHES]
    operations["mark"] = pong
    operations["push"] = _operation("send", "connection", "What the server says unasked.", pushes)
    for kind in kinds:
        operations |= _stream_operations(kind)
    return operations


def _stream_operations(kind: Kind) -> dict[str, Any]:
    names = [*kind.events, *kind.ephemeral]
    told = _operation("send", kind.name, f"What who follows a {kind.name} stream is told.", names)
    operations = {f"{kind.name}.follow": told} if names else {}
    if kind.ephemeral:
        summary = f"What subscribers of a {kind.name} stream tell each other, by `publish`."
        operations[f"{kind.name}.signal"] = _operation("receive", kind.name, summary, list(kind.ephemeral))
    return operations


def _operation(action: str, channel: str, summary: str, messages: list[str]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": _channel(channel),
        "summary": summary,
        "description": summary,
        "messages": [_channel_message(channel, name) for name in messages],
    }


def _channel(name: str) -> Schema:
    return {"$ref": f"#/channels/{name}"}


def _channel_message(channel: str, name: str) -> Schema:
    return {"$ref": f"#/channels/{channel}/messages/{name}"}


# -- codes ---------------------------------------------------------------------------------------------------------


def _codes() -> dict[str, list[dict[str, Any]]]:
    """The tables of codes.py, with what an SDK does next."""
    return {
        "errors": [asdict(code) for code in codes.rows(codes.ErrorCode)],
        "unsubscribes": [
            {
                "code": code.code,
                "reason": code.reason,
                "meaning": code.meaning,
                "subscribes_again": codes.subscribes_again(code),
            }
            for code in codes.rows(codes.Unsubscribe)
        ],
        "disconnects": [
            {
                "code": code.code,
                "reason": code.reason,
                "meaning": code.meaning,
                "connects_again": codes.connects_again(code),
            }
            for code in codes.rows(codes.Disconnect)
        ],
    }
