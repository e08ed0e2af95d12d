"""The encoding of a socket, which the handshake asks for by subprotocol, or by `?format=protobuf` in older clients."""

from __future__ import annotations

from urllib.parse import parse_qs

from asgiref.typing import WebSocketScope

from tidewire.protocol.codec import Codec
from tidewire.protocol.json_codec import JSON
from tidewire.protocol.protobuf_codec import PROTOBUF

SUBPROTOCOLS: dict[str, Codec] = {"centrifuge-json": JSON, "centrifuge-protobuf": PROTOBUF}


def negotiate(scope: WebSocketScope) -> tuple[Codec, str | None]:
    """Returns the codec of a handshake, and the subprotocol to echo: clients that offered one insist on it."""
    for offered in scope.get("subprotocols", []):
        if offered in SUBPROTOCOLS:
            return SUBPROTOCOLS[offered], offered
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    is_protobuf = query.get("format") == ["protobuf"]
    return (PROTOBUF if is_protobuf else JSON), None
