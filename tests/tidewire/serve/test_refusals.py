"""Each refusal that `serve` makes before the application is a problem document with a Date, and a page of a listed
origin may read it."""

from __future__ import annotations

import contextlib
import re
import socket
import time

import pytest

from tests.rig.site import Site
from tests.tidewire.serve.served import read_all, status, wait_until

ORIGIN = b"https://app.example"
HANDSHAKE = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eDp5\r\n"
FROM_A_PAGE = b"Host: localhost\r\nOrigin: %b\r\n"

# {status and kind: a request without the lines that name its page}
REQUESTS = {
    "413 by its length": b"POST /api/v1/rooms/ HTTP/1.1\r\n%bContent-Length: 9999999\r\n\r\n",
    "413 by counting": b"POST /api/v1/rooms/ HTTP/1.1\r\n%bTransfer-Encoding: chunked\r\n\r\n1F0000\r\n"
    + b"x" * 0x1F0000,
    "415 by its coding": b"POST /api/v1/rooms/ HTTP/1.1\r\n%bContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
    "431 by a line": b"GET /api/v1/rooms/ HTTP/1.1\r\n%bX: " + b"y" * 100_000,
    "431 by the number of headers": b"GET /api/v1/rooms/ HTTP/1.1\r\n%b" + b"X: y\r\n" * 200 + b"\r\n",
    "400 by a second host": b"GET /api/v1/rooms/ HTTP/1.1\r\n%bHost: b\r\n\r\n",
    "400 by a name": b"GET /api/v1/rooms/ HTTP/1.1\r\n%bX@: y\r\n\r\n",
    "503 of a handshake": b"GET /connection/websocket HTTP/1.1\r\n%b" + HANDSHAKE + b"\r\n",
}


@pytest.fixture(scope="module")
def site(make_site) -> Site:
    """A site that accepts no socket: none may be opened at once."""
    return make_site(
        CORS_ALLOWED_ORIGINS=ORIGIN.decode(),
        MAX_BODY_BYTES="1000000",
        MAX_CONNECTIONS="1",
        ACCEPT_BURST="0",
        KEEP_ALIVE_SECONDS="3",
    )


def exchange(site: Site, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=15) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before its end
            connection.sendall(data)
        return read_all(connection)


def header(answer: bytes, name: bytes) -> bytes:
    """Returns the header's value, or b"" without it."""
    found = re.search(rb"\r\n" + name + rb": ([^\r]*)", answer.split(b"\r\n\r\n")[0], re.IGNORECASE)
    return found[1] if found else b""


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_refusal_may_be_read_by_a_page_of_a_listed_origin(site: Site, kind: str) -> None:
    answer = exchange(site, REQUESTS[kind].replace(b"%b", FROM_A_PAGE % ORIGIN, 1))

    assert status(answer) == int(kind[:3])
    assert header(answer, b"content-type") == b"application/problem+json"
    assert header(answer, b"access-control-allow-origin") == ORIGIN
    assert b"Retry-After" in header(answer, b"access-control-expose-headers")
    assert header(answer, b"vary") == b"Origin"
    assert header(answer, b"date").endswith(b" GMT")


@pytest.mark.parametrize("kind", REQUESTS)
def test_and_not_by_another_page(site: Site, kind: str) -> None:
    answer = exchange(site, REQUESTS[kind].replace(b"%b", FROM_A_PAGE % b"https://evil.example", 1))

    assert status(answer) == int(kind[:3])
    assert header(answer, b"access-control-allow-origin") == b""
    assert header(answer, b"vary") == b"Origin"


def test_the_origin_of_one_request_is_not_that_of_the_next(site: Site) -> None:
    first = b"GET /healthz HTTP/1.1\r\n" + FROM_A_PAGE % ORIGIN + b"\r\n"
    answer = exchange(site, first + REQUESTS["413 by its length"].replace(b"%b", b"Host: localhost\r\n", 1))

    assert answer.count(b"HTTP/1.1 ") == 2
    assert b"access-control-allow-origin" not in answer.split(b"HTTP/1.1 413")[1].lower()


def test_a_surplus_connection_is_refused_with_its_headers(site: Site) -> None:
    """MOST_HTTP_PLACES connections beyond MAX_CONNECTIONS are served; the next one gets a 503 that its page may read.
    Here all of them have begun a request: one that waits for the next would give way."""
    held = [socket.create_connection(("127.0.0.1", site.server.port), timeout=15) for _ in range(1001)]
    try:
        for connection in held:
            connection.sendall(b"GET /api/v1/rooms/ HTTP/1.1\r\n")
        request = b"GET /api/v1/rooms/ HTTP/1.1\r\nConnection: close\r\n" + FROM_A_PAGE % ORIGIN + b"\r\n"
        answer = b""

        def is_refused() -> bool:
            nonlocal answer
            answer = exchange(site, request)
            return status(answer) == 503

        assert wait_until(is_refused, seconds=5)
    finally:
        for connection in held:
            connection.close()
    assert header(answer, b"access-control-allow-origin") == ORIGIN


def test_an_idle_connection_is_kept_as_long_as_the_setting_says(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=15) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert status(connection.recv(65536)) == 200
        started = time.monotonic()
        assert read_all(connection) == b""
        assert 2.5 < time.monotonic() - started < 10
