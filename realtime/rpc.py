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

from tidewire.connection.rpc import RpcContext, RpcDataError
from tidewire.rest import problems

PREFIX = "/api/v1/"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
MAX_PATH = 2048
MAX_HEADER = 256
MAX_ANSWER_BYTES = 256 * 1024
"""Half the size of a message to a client, to which Protobuf and JSON add little."""

# The headers that a call may send, those that it takes from the handshake (the host and the scheme decide whether the
# request is allowed), and those of the response that are sent to the client.
CALL_HEADERS = frozenset({"accept-language", "idempotency-key", "if-match", "if-none-match", "x-request-id"})
HANDSHAKE_HEADERS = frozenset({b"host", b"user-agent", b"x-forwarded-proto"})
RESPONSE_HEADERS = frozenset(
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
    """Answers `api.call`, as which it is registered in the settings. Raises RpcDataError."""
    return await request(context, parse(data))


def parse(data: Any) -> Call:
    """Returns the call that this data describes. Raises RpcDataError when it is not well-formed."""
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
    """Whether this is a path of the API as in a request line: percent-encoded, without `.` and `..` segments."""
    if len(path) > MAX_PATH or not path.startswith(PREFIX) or not _VISIBLE.fullmatch(path):
        return False
    segments = _decoded(path.partition("?")[0]).split("/")
    return "#" not in path and not {".", ".."} & set(segments)


def _is_header(name: str, value: Any) -> bool:
    is_text = isinstance(value, str) and len(value) <= MAX_HEADER and _HEADER_VALUE.fullmatch(value)
    return name.lower() in CALL_HEADERS and bool(is_text)


async def request(context: RpcContext, call: Call) -> dict[str, Any]:
    """Passes the call through the application of this process. Returns {"status", "headers", "body"}."""
    response = Response()
    body = b"" if call.body is None else msgspec.json.encode(call.body)
    await application()(scope_of(context, call, len(body)), Body(body).receive, response.send)
    return response.as_json()


@cache
def application() -> Any:
    """Returns the application that the server runs. It is imported by name: the product does not import the project."""
    return import_string(settings.ASGI_APPLICATION)


def scope_of(context: RpcContext, call: Call, length: int) -> dict[str, Any]:
    handshake = context.scope
    path, _, query = call.path.partition("?")
    headers = [pair for pair in handshake.get("headers", []) if pair[0] in HANDSHAKE_HEADERS]
    headers += [(name.lower().encode(), value.encode()) for name, value in call.headers.items()]
    headers.append((b"authorization", b"Bearer " + context.credential.encode("utf-8", "replace")))
    if call.body is not None:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(length).encode())]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": call.method,
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
    """Decodes a path as servers do. One that is not UTF-8 stays encoded, and no route matches it."""
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        return path


class Body:
    """Sends the request's body in one event, and never a disconnect: a request that was begun is finished."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body

    async def receive(self) -> dict[str, Any]:
        if self._body is None:
            await asyncio.get_running_loop().create_future()  # cancelled when the response is complete
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class Response:
    """Collects a response, unless it is longer than MAX_ANSWER_BYTES."""

    def __init__(self) -> None:
        self._status, self._headers, self._body = 500, {}, bytearray()
        self._is_too_large = False

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message["headers"]]
            self._headers = {name: value for name, value in pairs if name in RESPONSE_HEADERS}
        elif message["type"] == "http.response.body":
            self._is_too_large |= len(self._body) + len(message.get("body", b"")) > MAX_ANSWER_BYTES
            if not self._is_too_large:
                self._body += message.get("body", b"")

    def as_json(self) -> dict[str, Any]:
        if self._is_too_large:
            return {"status": 413, "headers": {"content-type": problems.CONTENT_TYPE}, "body": TOO_LARGE}
        return {"status": self._status, "headers": self._headers, "body": self._json()}

    def _json(self) -> Any:
        """All responses of the API are JSON, or empty."""
        try:
            return json.loads(self._body) if self._body else None
        except ValueError:
            return None


TOO_LARGE = problems.document(
    413, "answer_too_large", f"The answer is longer than {MAX_ANSWER_BYTES} bytes. Ask for fewer rows, or by HTTP."
)
