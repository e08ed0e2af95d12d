"""The AsyncAPI 3 document: everything that a socket receives and sends, made from what is declared live.

Events and ephemeral messages come from the registry and their data from the serializers of REST; frames come from the
protocol's types and codes from its tables. Each stream kind is a channel; the connection that carries them is one, too.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from typing import Any

import yaml
from drf_spectacular.settings import spectacular_settings

from tidewire.asyncapi import frames
from tidewire.asyncapi.components import Components
from tidewire.asyncapi.examples import example
from tidewire.asyncapi.messages import TAGS, message_ref
from tidewire.asyncapi.operations import operations
from tidewire.asyncapi.stream_kinds import KindChannel
from tidewire.declare.registry import Registry, registry
from tidewire.ground.conf import conf
from tidewire.protocol import codes
from tidewire.protocol.codes import Code

Document = dict[str, Any]

ADDRESS = "/connection/websocket"
TEXT = """\
One WebSocket carries every stream. It speaks the Centrifuge client protocol, so the public SDKs connect as they are.
Text frames hold JSON objects; one frame may hold several, separated by a newline, both ways.

A command has an `id` and gets one reply with that `id`. A push has none. An empty object from the server is a ping:
answer it with an empty object. The channels named after a kind of stream list its events. Each travels as
`push.pub.data` with an `offset`, and as an item of `publications` in the replies to `subscribe` and `history`.

The Protobuf encoding (subprotocol `centrifuge-protobuf`) carries the same messages, with `data` as JSON bytes.
Clients must ignore fields and types that they do not know, so that new ones can be added.
"""


@cache
def document() -> Document:
    """Returns the document of this process. Declarations do not change while it runs."""
    return build(registry)


def build(registry: Registry) -> Document:
    components = Components()
    kinds = [KindChannel(kind, registry, components) for kind in registry.kinds.values()]
    components.add_union("AnyEvent", {name: ref for kind in kinds for name, ref in kind.events.items()})
    components.add_union("AnyEphemeralMessage", {name: ref for kind in kinds for name, ref in kind.ephemeral.items()})
    messages = [*_frames(kinds, components), *(message for kind in kinds for message in kind.messages(components))]
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "servers": {"here": {"host": "localhost:8000", "protocol": "ws", "description": "As `make run` starts it."}},
        "defaultContentType": "application/json",
        "channels": {"connection": _connection()} | {kind.name: kind.channel() for kind in kinds},
        "operations": operations(kinds),
        "components": {"messages": dict(messages), "schemas": components.all()},
        "x-codes": _codes(),
    }


def to_yaml(document: Document) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def to_json(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they stand, and what is used twice twice: anchors are hard to read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


# -- the parts of the document ---------------------------------------------------------------------------------------


def _info() -> dict[str, Any]:
    return {
        "title": f"{spectacular_settings.TITLE}: the socket",
        "version": spectacular_settings.VERSION,
        "description": TEXT,
        "license": {"name": "MIT", "url": "https://opensource.org/license/mit"},
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
    }


def _frames(kinds: list[KindChannel], components: Components) -> list[tuple[str, dict[str, Any]]]:
    """The examples are about streams of this project, where it has declared some."""
    stream, event = "kind:key", {"type": "event"}
    if eventful := next((kind for kind in kinds if kind.events), None):
        stream, event = eventful.stream, example(next(iter(eventful.events.values())), components.all())
    chatty = next((kind for kind in kinds if kind.ephemeral), None)
    commands = frames.command_messages(
        chatty.stream if chatty else kinds[0].stream if kinds else "kind:key",
        next(iter(chatty.ephemeral)) if chatty else "typing",
        rpc_method=next(iter(conf.RPC), "name"),
    )
    return [*commands, *frames.reply_messages(), *frames.ping_messages(), *frames.push_messages(stream, event)]


def _connection() -> dict[str, Any]:
    names = [*frames.METHODS, "client.pong", *(f"{method}.reply" for method in frames.METHODS), "error"]
    names += ["server.ping", *(f"push.{kind}" for kind in frames.KINDS)]
    return {
        "address": ADDRESS,
        "title": "The connection",
        "description": "Commands in, replies and pushes out. The first command is `connect`, within five seconds.",
        "messages": {name: message_ref(name) for name in names},
    }


def _codes() -> dict[str, list[dict[str, Any]]]:
    """The tables of codes, with what an SDK does next."""
    return {
        "errors": [asdict(code) for code in codes.rows(codes.ErrorCode)],
        "unsubscribes": [
            _row(code) | {"subscribes_again": codes.subscribes_again(code)} for code in codes.rows(codes.Unsubscribe)
        ],
        "disconnects": [
            _row(code) | {"connects_again": codes.connects_again(code)} for code in codes.rows(codes.Disconnect)
        ],
    }


def _row(code: Code) -> dict[str, Any]:
    return {"code": code.code, "reason": code.reason, "meaning": code.meaning}
