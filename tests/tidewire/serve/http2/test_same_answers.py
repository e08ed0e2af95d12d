"""One list of requests over HTTP/1.1 and over HTTP/2: status, headers and body are the same, but for what belongs to a
connection."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from threading import Thread
from typing import Any, NamedTuple

import httpx
import pytest

from tests.rig import openapi
from tests.rig.http2 import HTTP2Client, tls_connection
from tests.rig.rest import API, Person, channel
from tests.tidewire.serve.http2.encrypted import Encrypted
from tests.tidewire.serve.served import read_all, wait_until

NOWHERE = "019759ab-0000-7000-8000-000000000000"
"""The id of nothing."""

OF_CONNECTIONS = {"connection", "keep-alive", "transfer-encoding", "upgrade"}
OF_ONE_ANSWER = {"date", "expires", "x-request-id", "set-cookie"}
FOREIGN = "https://evil.example"
HEARD = "heard by both"


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: dict[str, str] = {}
    body: bytes | None = None


class Answered(NamedTuple):
    """What a client sees of an answer, without what differs between two requests."""

    status: int
    headers: list[tuple[str, str]]
    body: str


@pytest.fixture(scope="module")
def clients(served: Encrypted) -> Iterator[list[httpx.Client]]:
    """A client of HTTP/1.1, and one of HTTP/2."""
    with served.client(http2=False) as old, served.client() as new:
        assert [http.get("/healthz").http_version for http in (old, new)] == ["HTTP/1.1", "HTTP/2"]
        yield [old, new]


def answered(answer: httpx.Response, body: bytes) -> Answered:
    left_out = OF_CONNECTIONS | OF_ONE_ANSWER
    headers = sorted((name, value) for name, value in answer.headers.multi_items() if name not in left_out)
    text = body.decode(errors="replace")
    request_id = answer.headers.get("x-request-id")
    return Answered(answer.status_code, headers, text.replace(request_id, "…") if request_id else text)


def ask(http: httpx.Client, asked: Asked) -> Answered:
    with http.stream(asked.method, asked.path, headers=asked.headers, content=asked.body) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return answered(answer, b"")  # it stays open
        return answered(answer, answer.read())


def differences(clients: list[httpx.Client], asked: list[Asked]) -> list[tuple[Asked, Answered, Answered]]:
    """Asks both for each; returns the requests whose answers differ, with both answers."""
    old, new = clients
    both = ((each, ask(old, each), ask(new, each)) for each in asked)
    return [(each, before, after) for each, before, after in both if before != after]


# -- every address -----------------------------------------------------------------------------------------------------


def operations(room: str) -> Iterator[tuple[str, str]]:
    """Yields (method, path) of each operation that openapi.yaml describes, for a room or for what does not exist."""
    names = {"room_id": room, "name": channel(room), "emoji": "%F0%9F%91%8D"}
    for path, method, _ in openapi.operations():
        yield method.upper(), re.sub(r"{(\w+)}", lambda found: names.get(found[1], NOWHERE), path)


def test_every_operation_without_a_credential(clients: list[httpx.Client], alice: Person) -> None:
    room = alice.make_room("anonymous")
    asked = [Asked(method, path, {"Content-Type": "application/json"}) for method, path in operations(room)]

    assert differences(clients, asked) == []


def test_every_read_of_a_member(clients: list[httpx.Client], alice: Person) -> None:
    """With all that a page of a foreign site, a cache or a browser says of its request."""
    room = alice.make_room("member")
    alice.say(room, "hello")
    signed = {"Authorization": f"Bearer {alice.access}"}
    paths = [path for method, path in operations(room) if method == "GET"]
    preflight = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    asked = [
        *(Asked(method, path, signed) for path in paths for method in ("GET", "HEAD")),
        *(Asked("OPTIONS", path, preflight | {"Origin": FOREIGN}) for path in paths),
        *(Asked("GET", path, signed | {"If-None-Match": "*", "Accept": "text/html"}) for path in paths),
        *(Asked(method, f"{API}rooms/", signed) for method in ("OPTIONS", "TRACE", "PUT", "DELETE", "BREW")),
    ]

    assert differences(clients, asked) == []


def test_what_is_no_operation(clients: list[httpx.Client], alice: Person) -> None:
    room = alice.make_room("odd")
    rooms, signed = f"{API}rooms/", {"Authorization": f"Bearer {alice.access}"}
    written = signed | {"Content-Type": "application/json"}
    tag = alice.send("GET", f"rooms/{room}/").headers["etag"]
    log = f"{API}streams/{channel(room)}/log/"
    asked = [
        *(Asked("GET", path) for path in ("/", "/healthz", "/readyz", "/nowhere", "/api/nowhere/")),
        *(Asked("GET", path) for path in ("/api/schema/", "/api/asyncapi/", "/admin/login", "/api/problems/busy/")),
        *(Asked("GET", path) for path in ("/static/nowhere.css", "/admin/", "/api/v1/rooms", "/%00", "/api//v1/")),
        *(Asked(method, "/healthz") for method in ("HEAD", "POST", "OPTIONS", "BREW")),
        *(Asked("GET", "/healthz", {"X-Large": "x" * size}) for size in (15_500, 16_500, 24_000)),
        *(Asked("GET", f"/healthz?{'x' * size}") for size in (15_500, 16_500, 24_000)),
        *(Asked("GET", "/healthz", {f"X-{n}": "x" * size for n in range(3)}) for size in (5000, 6000)),
        *(Asked("GET", "/healthz", {f"X-{n}": "x" for n in range(number)}) for number in (95, 101)),
        Asked("GET", "/connection/websocket"),
        Asked("GET", "/ws/chat/"),
        Asked("GET", f"{rooms}?limit=0", signed),
        Asked("GET", f"{rooms}?nowhere=1", signed),
        Asked("GET", f"{API}rooms/{room}/", signed | {"If-None-Match": tag}),
        Asked("PATCH", f"{API}rooms/{room}/", written | {"If-Match": '"999"'}, b'{"name": "late"}'),
        Asked("POST", rooms, written, b"{"),
        Asked("POST", rooms, written, b'{"name": 1, "nowhere": 2}'),
        Asked("POST", rooms, written, b"\xff"),
        Asked("POST", rooms, written, b""),
        Asked("POST", rooms, signed | {"Content-Type": "text/plain"}, b"x"),
        Asked("POST", rooms, written | {"Content-Encoding": "gzip"}, b"x"),
        Asked("POST", rooms, written | {"Idempotency-Key": "x" * 300}, b'{"name": "x"}'),
        Asked("POST", rooms, written, b'{"name": "' + b"x" * 300_000 + b'"}'),
        Asked("GET", rooms, {"Authorization": "Bearer forged"}),
        Asked("GET", rooms, {"Authorization": "Basic eDp4"}),
        *(Asked("GET", f"{log}?{query}", signed) for query in ("", "offset=-1", "offset=x", "live=no", "live=sse")),
        *(Asked("GET", f"{API}streams/events/?{query}", signed) for query in ("", "stream=x", "stream=room:x")),
        Asked("GET", f"{API}streams/events/?stream={channel(room)}", signed | {"Last-Event-ID": "forged"}),
        *(Asked("POST", path, {}, b"{") for path in ("/connection/http_stream", "/connection/sse", "/emulation")),
        *(Asked("OPTIONS", path) for path in ("/connection/http_stream", "/connection/sse", "/emulation", log)),
        Asked("GET", "/connection/sse?cf_connect=%7B"),
        Asked("POST", "/emulation", {"Content-Type": "application/json"}, b'{"session":"no","node":"no","data":"{}"}'),
    ]

    assert differences(clients, asked) == []


# -- what stays open ---------------------------------------------------------------------------------------------------


class Reading(Thread):
    """Asks for a response that stays open, on a connection of its own, and reads it in a thread until `leave`."""

    def __init__(self, http: httpx.Client, asked: Asked) -> None:
        super().__init__(daemon=True)
        self._http, self._asked = http, asked
        self.headers: Answered | None = None
        self.request_id = ""
        self._socket: socket.socket | None = None
        self.received = b""
        self.start()

    def run(self) -> None:
        asked = self._asked
        with (
            contextlib.suppress(httpx.HTTPError),
            self._http.stream(asked.method, asked.path, headers=asked.headers, content=asked.body) as answer,
        ):
            self.headers, self.request_id = answered(answer, b""), answer.headers["x-request-id"]
            self._socket = answer.extensions["network_stream"].get_extra_info("socket")
            for piece in answer.iter_raw():
                self.received += piece

    def leave(self) -> None:
        """Ends the connection under the thread that reads."""
        assert self._socket is not None
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.join()

    def has(self, text: bytes) -> bool:
        return wait_until(lambda: text in self.received, 15)

    @property
    def text(self) -> str:
        """What was read up to the event, without what belongs to one connection: ids, and the rest of its token's
        time."""
        read = self.received.decode().partition(HEARD)[0]
        own = re.sub(r'"(client|session|node)":"[^"]*"', r'"\1":"…"', read)
        return re.sub(r'"ttl":\d+', '"ttl":…', own)


def opened(room: str, offset: str, token: str) -> dict[str, tuple[Asked, bytes]]:
    """Returns {door: the request that opens it, and what is read when it is open}."""
    first = f'{{"id":1,"connect":{{"token":"{token}"}}}}\n{{"id":2,"subscribe":{{"channel":"{channel(room)}"}}}}'
    signed = {"Authorization": f"Bearer {token}"}
    log, events = f"{API}streams/{channel(room)}/log/", f"{API}streams/events/?stream={channel(room)}"
    connect = str(httpx.QueryParams({"cf_connect": first}))
    return {
        "log, sse": (Asked("GET", f"{log}?live=sse&offset={offset}", signed), b"control"),
        "log, long-poll": (Asked("GET", f"{log}?live=long-poll&offset={offset}", signed), b""),
        "events": (Asked("GET", events, signed), b"\n\n"),
        "http_stream": (Asked("POST", "/connection/http_stream", {}, first.encode()), b'"subscribe"'),
        "sse": (Asked("GET", f"/connection/sse?{connect}"), b'"subscribe"'),
        "sse, POST": (Asked("POST", "/connection/sse", {}, first.encode()), b'"subscribe"'),
    }


@pytest.mark.parametrize("door", opened("", "", ""))
def test_a_response_that_stays_open(served: Encrypted, alice: Person, door: str) -> None:
    """Clients of both hear of one event in the same words."""
    room = alice.make_room("open")
    position = alice.get(f"streams/{channel(room)}/")
    offset = f"0000000001_{position['offset']:016d}_{position['epoch']}"
    asked, first = opened(room, offset, alice.access)[door]
    with served.client(http2=False) as old, served.client() as new:
        readings = [Reading(http, asked) for http in (old, new)]
        assert all(reading.has(first) for reading in readings)
        alice.say(room, HEARD)
        assert all(reading.has(HEARD.encode()) for reading in readings)
        for reading in readings:
            reading.leave()

    assert readings[0].headers == readings[1].headers
    assert readings[0].text == readings[1].text
    old_line, new_line = (log_line(served, reading.request_id) for reading in readings)
    assert (old_line.pop("protocol"), new_line.pop("protocol")) == ("1.1", "2")
    assert old_line == new_line


def log_line(served: Encrypted, request_id: str) -> dict[str, str]:
    """Returns the fields of the line that the server writes at the end of a request, without its id and its time."""

    def found() -> list[str]:
        return [line for line in served.log.read_text().splitlines() if request_id in line]

    assert wait_until(lambda: bool(found()), 15)
    fields = dict(re.findall(r"(\w+)=(\S+)", found()[0]))
    return {name: value for name, value in fields.items() if name not in ("request_id", "ms")}


# -- what no whole request is ------------------------------------------------------------------------------------------


def of_old(served: Encrypted, head: str, body: bytes = b"") -> tuple[int, dict[str, str], Any]:
    """Sends these bytes over HTTP/1.1; returns status, headers and document of the answer."""
    with tls_connection(served.port, protocols=("http/1.1",)) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        start, _, document = read_all(connection).partition(b"\r\n\r\n")
    status, *lines = start.decode().split("\r\n")
    return int(status.split()[1]), dict(line.lower().split(": ", 1) for line in lines), json.loads(document)


def test_a_body_that_is_too_long_is_refused_by_its_length(served: Encrypted) -> None:
    """Before it is sent, whatever its client expects."""
    head = "POST /api/v1/rooms/ HTTP/1.1\nHost: localhost\nContent-Length: 99999999\nExpect: 100-continue"
    status, headers, document = of_old(served, head)
    with HTTP2Client(served.port) as client:
        stream = client.request("POST", f"{API}rooms/", ends=False, content_length="99999999", expect="100-continue")
        answer = client.wait(stream)
    del document["instance"]
    new = json.loads(bytes(answer.body))
    del new["instance"]

    assert (status, document) == (answer.status, new)
    assert status == 413
    left_out = OF_CONNECTIONS | OF_ONE_ANSWER
    assert {name for name in headers if name not in left_out} == {
        name for name, _ in answer.headers if name not in left_out and not name.startswith(":")
    }
