"""`POST /emulation`: a message of a client whose connection is a response (fallback.py), in whatever process that is.

The session is the secret of the connection. Its signature shows that a process of ours has made it for this node, so
that a forged request costs other processes nothing.
"""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.core.signing import BadSignature, Signer
from google.protobuf.message import DecodeError
from msgspec import Struct

from tidewire.delivery.emulation import stream_of
from tidewire.doors.refusals import NO_STORE, Answer, RefusalError, bad_request
from tidewire.engine import engines
from tidewire.engine.engine import Engine
from tidewire.ground.conf import conf
from tidewire.protocol import wire_pb2

SALT = "tidewire.emulation"
WIRE: Any = wire_pb2
PROTOBUF = "application/octet-stream"


class Request(Struct):
    """What the SDKs send: the node and the session of the connect reply, and the message, which is text in JSON."""

    session: str
    node: str
    data: str


_decoder = msgspec.json.Decoder(Request)


async def emulate(scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answers 204 when the message was handed on. Raises RefusalError: 404 when the connection is gone, upon which the
    SDK connects anew."""
    node, session, data = _parse(await body(receive), is_protobuf(scope))
    if len(data) > conf.MAX_FRAME_BYTES:
        raise RefusalError(413, "too_large", "The message is too large.")
    engine = engines.current()
    try:
        _signer().unsign(f"{node}.{session}")
    except BadSignature:
        raise _gone() from None
    if node != engine.hub.emulation.node:
        engine.publisher.publish_commands(stream_of(node), session, data)
    elif not engine.hub.emulation.hand_over(session, data):
        raise _gone()
    await Answer(204, b"", NO_STORE).send(send)


def new_session(engine: Engine) -> str:
    """Returns the secret of a new connection of this process."""
    node = engine.hub.emulation.node
    return _signer().sign(f"{node}.{secrets.token_hex(16)}").removeprefix(f"{node}.")


def is_protobuf(scope: HTTPScope) -> bool:
    return any(name == b"content-type" and value == PROTOBUF.encode() for name, value in scope["headers"])


async def body(receive: ASGIReceiveCallable) -> bytes:
    """Returns the request's body, which http/body_limit.py bounds."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise bad_request("The request's body is not complete.")
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _parse(content: bytes, is_protobuf: bool) -> tuple[str, str, bytes]:
    """Returns node, session and message. Raises RefusalError."""
    try:
        if is_protobuf:
            message = WIRE.EmulationRequest.FromString(content)
            return message.node, message.session, message.data
        request = _decoder.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, DecodeError):
        raise bad_request("This is no request of the protocol.") from None
    return request.node, request.session, request.data.encode()


def _signer() -> Signer:
    return Signer(salt=SALT)


def _gone() -> RefusalError:
    return RefusalError(404, "not_found", "There is no such connection. Please connect again.")
