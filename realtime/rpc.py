"""`api.call`: a REST call on the socket, so that a phone that holds one open can also write on it.

The call goes through the whole application, as if it had come by HTTP: the same limits, middleware, permissions and
retries, with the credential that the socket was opened (or refreshed) with, from the socket's address.

    {"method": "PATCH", "path": "/api/v1/rooms/…/", "body": {"name": "Port"}, "headers": {"if-match": "\\"3\\""}}
    → {"status": 200, "headers": {"etag": "\\"4\\"", …}, "body": {…}}
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote

import msgspec
from django.conf import settings
from django.utils.module_loading import import_string

from api.rest import problems
from tidewire.connection.rpc import RpcContext, RpcDataError

PREFIX = "/api/v1/"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
MAX_PATH = 2048
MAX_HEADER = 256
MAX_ANSWER_BYTES = 256 * 1024
"""Half of what a message to a client may be long: Protobuf and JSON add little."""

# What a call may say in headers, what it takes over from the handshake (the host decides who may ask, the scheme
# whether it was safe), and what of the answer is worth sending.
TAKEN = frozenset({"accept-language", "idempotency-key", "if-match", "if-none-match", "x-request-id"})
INHERITED = frozenset({b"host", b"user-agent", b"x-forwarded-proto"})
GIVEN = frozenset(
    {
        "allow",
        "content-type",
        "etag",
        "idempotency-replayed",
        "link",
        "location",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "tidewire-position",
        "www-authenticate",
        "x-request-id",
    }
)

_VISIBLE = re.compile(r"[!-~]+")
_HEADER_VALUE = re.compile(r"[ -~]*")


@dataclass(slots=True)
class Call:
    """A well-formed call."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


async def call(context: RpcContext, data: Any) -> dict[str, Any]:
    """Answers a call: registered as an RPC method in the settings. Raises RpcDataError."""
    return await request(context, parse(data))


def parse(data: Any) -> Call:
    """Raises RpcDataError for what is not a call."""
    if not isinstance(data, dict) or not data.keys() <= {"method", "path", "body", "headers"}:
        raise RpcDataError("method, path, body, headers")
    method, path, headers = data.get("method"), data.get("path"), data.get("headers") or {}
    if not isinstance(method, str) or method not in METHODS:
        raise RpcDataError("method")
    if not isinstance(path, str) or not _is_path(path):
        raise RpcDataError("path")
    if not isinstance(headers, dict) or not all(_is_header(*pair) for pair in headers.items()):
        raise RpcDataError("headers")
    return Call(method, path, data.get("body"), headers)


def _is_path(path: str) -> bool:
    """Ours, as it would stand in a request line: percent-encoded, without tricks in its segments."""
    if len(path) > MAX_PATH or not path.startswith(PREFIX) or not _VISIBLE.fullmatch(path):
        return False
    segments = _decoded(path.partition("?")[0]).split("/")
    return "#" not in path and not {".", ".."} & set(segments)


def _is_header(name: str, value: Any) -> bool:
    is_text = isinstance(value, str) and len(value) <= MAX_HEADER and _HEADER_VALUE.fullmatch(value)
    return name.lower() in TAKEN and bool(is_text)


async def request(context: RpcContext, wanted: Call) -> dict[str, Any]:
    """Runs the call through the application of this process."""
    answer = Answer()
    body = b"" if wanted.body is None else msgspec.json.encode(wanted.body)
    await application()(scope_of(context, wanted, len(body)), Body(body).receive, answer.take)
    return answer.as_json()


@cache
def application() -> Any:
    """What the server runs, found by name: the product does not import the project."""
    return import_string(settings.ASGI_APPLICATION)


def scope_of(context: RpcContext, wanted: Call, length: int) -> dict[str, Any]:
    handshake = context.scope
    path, _, query = wanted.path.partition("?")
    headers = [pair for pair in handshake.get("headers", []) if pair[0] in INHERITED]
    headers += [(name.lower().encode(), value.encode()) for name, value in wanted.headers.items()]
    headers.append((b"authorization", b"Bearer " + context.credential.encode("utf-8", "replace")))
    if wanted.body is not None:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(length).encode())]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": wanted.method,
        "scheme": "https" if handshake.get("scheme") == "wss" else "http",
        "path": _decoded(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": handshake.get("client"),
        "server": handshake.get("server"),
    }


def _decoded(path: str) -> str:
    """As servers do it. What is no UTF-8 stays encoded, and is then no address of ours."""
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        return path


class Body:
    """The request's body, all at once, from a client that never hangs up: what was begun is finished."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body

    async def receive(self) -> dict[str, Any]:
        if self._body is None:
            await asyncio.get_running_loop().create_future()  # cancelled when the answer is complete
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class Answer:
    """Collects a response, as far as it fits a message."""

    def __init__(self) -> None:
        self._status, self._headers, self._body = 500, {}, bytearray()
        self._is_too_large = False

    async def take(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message["headers"]]
            self._headers = {name: value for name, value in pairs if name in GIVEN}
        elif message["type"] == "http.response.body":
            self._is_too_large |= len(self._body) + len(message.get("body", b"")) > MAX_ANSWER_BYTES
            if not self._is_too_large:
                self._body += message.get("body", b"")

    def as_json(self) -> dict[str, Any]:
        if self._is_too_large:
            return {"status": 413, "headers": {"content-type": problems.CONTENT_TYPE}, "body": TOO_LARGE}
        return {"status": self._status, "headers": self._headers, "body": self._json()}

    def _json(self) -> Any:
        """All our answers are JSON, or empty."""
        try:
            return json.loads(self._body) if self._body else None
        except ValueError:
            return None


TOO_LARGE = problems.document(
    413, "answer_too_large", f"The answer is longer than {MAX_ANSWER_BYTES} bytes. Ask for fewer rows, or by HTTP."
)
