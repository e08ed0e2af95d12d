"""Durable Streams' own conformance suite against our read side.

The suite writes by PUT and POST, and reads bytes of any type. This shim turns its writes into facts, each of which
holds some bytes or one JSON message. Reads are answered by the door: the shim replaces the events in the body by what
they hold, and the Content-Type by the one that the suite has put, with the name of the coding where server-sent events
hold bytes that are no text. It changes no status and no other header.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from django.db import transaction
from rest_framework.serializers import BaseSerializer

from tidewire import Fact, StreamKind, record_fact
from tidewire.doors.log_offsets import lifetime_of
from tidewire.log import heads

PREFIX, JSON = "/v1/stream/", "application/json"
TEXTUAL = re.compile(r"text/.*|application/json")


class ContentSerializer(BaseSerializer):
    """The text of one message: JSON, or the base64 of bytes."""

    def to_representation(self, instance: str) -> str:
        return instance


@dataclass
class Put:
    """One stream that the suite has put. Its key is new each time, so that it is another stream after a DELETE."""

    content_type: str
    key: str = field(default_factory=lambda: secrets.token_hex(8))
    last_sequence: str = ""

    @property
    def is_json(self) -> bool:
        return self.content_type.partition(";")[0] == JSON

    @property
    def is_text(self) -> bool:
        return TEXTUAL.fullmatch(self.content_type.partition(";")[0]) is not None


streams: dict[str, Put] = {}
durable = StreamKind(
    "durable",
    may_subscribe=lambda user, keys: {put.key for put in streams.values()}.intersection(keys),
    keeps_access=True,
)
appended = Fact("content.appended", kind=durable, serializer=ContentSerializer)


class Refused(Exception):
    """The suite's write is answered with this status."""


class DurableStreams:
    """ASGI middleware for paths below PREFIX; everything else goes on to `application`, which has the door."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._writing = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX) or scope["method"] == "OPTIONS":
            await self._application(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD"):
            await self._read(scope, receive, send)
        else:
            async with self._writing:
                try:
                    status, headers = await write(scope, await body_of(receive))
                except Refused as refused:
                    status, headers = refused.args[0], []
            headers = [*headers, (b"x-content-type-options", b"nosniff")]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b""})

    async def _read(self, scope: Any, receive: Any, send: Any) -> None:
        put = streams.get(scope["path"])
        path = f"/streams/durable:{put.key if put else 'absent'}/log/"
        headers = [*scope["headers"], (b"authorization", b"Bearer " + NOBODY)]
        shown = Shown(put, scope["method"], send) if put else None
        await self._application({**scope, "path": path, "headers": headers}, receive, shown or send)


NOBODY = b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.t-IDcSemACt8x4iTMCda8Yhe3iZaWbvV5XKSTbuAn0M"
"""A token without claims, signed with the secret of tokens.py."""


async def body_of(receive: Any) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


# -- writes ------------------------------------------------------------------------------------------------------------


async def write(scope: Any, body: bytes) -> tuple[int, list[tuple[bytes, bytes]]]:
    """Carries out a PUT, a POST or a DELETE. Returns the answer's status and headers; raises Refused."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    path, method, content_type = scope["path"], scope["method"], headers.get(b"content-type", "").lower()
    if method == "DELETE":
        if streams.pop(path, None) is None:
            raise Refused(404)
        return 204, []
    if method == "PUT":
        return await _put(path, content_type or "application/octet-stream", body, headers)
    if method != "POST":
        raise Refused(405)
    put = streams.get(path)
    if put is None:
        raise Refused(404)
    if not content_type or not body:
        raise Refused(400)
    if content_type.partition(";")[0] != put.content_type.partition(";")[0]:
        raise Refused(409)
    sequence = headers.get(b"stream-seq")
    if sequence is not None and sequence <= put.last_sequence:
        raise Refused(409)
    messages = _messages(put, body)
    if not messages:
        raise Refused(400)
    await _append(put, messages)
    put.last_sequence = sequence or put.last_sequence
    return 204, [await _next_offset(put)]


async def _put(path: str, content_type: str, body: bytes, headers: dict[bytes, str]) -> Any:
    put = streams.get(path)
    if put is not None and put.content_type != content_type:
        raise Refused(409)
    status = 200 if put else 201
    if put is None:
        put = Put(content_type)
        messages = _messages(put, body) if body else []
        streams[path] = put
        await _append(put, messages)
    location = f"http://{headers.get(b'host', '')}{path}".encode()
    answer = [(b"content-type", content_type.encode()), (b"location", location), await _next_offset(put)]
    return status, answer


def _messages(put: Put, body: bytes) -> list[str]:
    if not put.is_json:
        return [base64.b64encode(body).decode()]
    try:
        json.loads(body)
        values = msgspec.json.decode(body, type=list[msgspec.Raw]) if body.lstrip()[:1] == b"[" else [body]
    except ValueError:
        raise Refused(400) from None
    return [json.dumps(json.loads(bytes(value))) for value in values]


@sync_to_async
def _append(put: Put, messages: list[str]) -> None:
    with transaction.atomic():
        for message in messages:
            record_fact(appended, put.key, message)


@sync_to_async
def _next_offset(put: Put) -> tuple[bytes, bytes]:
    head = heads.position(durable(put.key))
    return b"stream-next-offset", lifetime_of(head).offset(head.offset).encode()


# -- reads -------------------------------------------------------------------------------------------------------------


class Shown:
    """The `send` of one read: shows what the events hold."""

    def __init__(self, put: Put, method: str, send: Any) -> None:
        self._put, self._method, self._send = put, method, send
        self._start: Any = None
        self._body = b""

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            self._is_live = (b"content-type", b"text/event-stream") in message["headers"]
            if self._is_live:
                coding = [] if self._put.is_text else [(b"stream-sse-data-encoding", b"base64")]
                await self._send({**message, "headers": [*message["headers"], *coding]})
            return
        self._body += message.get("body", b"")
        if self._is_live:
            *whole, self._body = self._body.split(b"\n\n")
            events = b"".join(self._event(event) + b"\n\n" for event in whole)
            await self._send({**message, "body": events})
        elif not message.get("more_body"):
            await self._send_whole()

    async def _send_whole(self) -> None:
        headers = self._start["headers"]
        is_read = (b"content-type", JSON.encode()) in headers
        if is_read and self._method == "GET":
            self._body = self._content([event["data"] for event in json.loads(self._body)])
            length = (b"content-length", str(len(self._body)).encode())
            headers = [length if name == b"content-length" else (name, value) for name, value in headers]
        if is_read:
            put = (b"content-type", self._put.content_type.encode())
            headers = [put if name == b"content-type" else (name, value) for name, value in headers]
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": self._body, "more_body": False})

    def _content(self, messages: list[str]) -> bytes:
        if self._put.is_json:
            return f"[{','.join(messages)}]".encode()
        return b"".join(map(base64.b64decode, messages))

    def _event(self, event: bytes) -> bytes:
        if not event.startswith(b"event: data\n"):
            return event
        content = self._content([event["data"] for event in json.loads(event.partition(b"data:")[2])])
        if not self._put.is_text:
            content = base64.b64encode(content)
        lines = re.split(r"\r\n|\r|\n", content.decode())
        return "\n".join(["event: data", *(f"data:{line}" for line in lines)]).encode()
