"""A client that closes its sending side behind its last request gets all its answers."""

from __future__ import annotations

import contextlib
import socket
import time
from pathlib import Path

import pytest

from tests.rig.site import Site
from tests.tidewire.serve.served import Served, read_all, status, wait_until

GET = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n"


def send(served: Served, data: bytes, pause: float = 0.0) -> bytes:
    """Sends the bytes and, after a pause, the end; returns all that comes."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(data)
        time.sleep(pause)
        with contextlib.suppress(OSError):  # the server may have closed first
            connection.shutdown(socket.SHUT_WR)
        return read_all(connection)


@pytest.mark.parametrize("path", [b"/healthz", b"/readyz", b"/api/schema/", b"/api/v1/nowhere/"])
def test_a_request_is_answered(served: Served, path: bytes) -> None:
    expected = 404 if path == b"/api/v1/nowhere/" else 200

    assert status(send(served, GET % path)) == expected


def test_requests_in_one_go_are_all_answered(served: Served) -> None:
    answer = send(served, GET % b"/api/v1/nowhere/" + GET % b"/healthz" + GET % b"/api/v1/rooms/")

    assert [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]] == [404, 200, 401]


def test_a_body_is_read_and_answered(served: Served) -> None:
    head = b"POST /api/v1/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

    assert status(send(served, head + b"Content-Length: 2\r\n\r\n{}")) == 400


def test_a_refused_request_is_answered(served: Served) -> None:
    head = b"POST /api/v1/token/ HTTP/1.1\r\nHost: localhost\r\n"

    assert status(send(served, head + b"Content-Length: 99999999\r\n\r\n")) == 413


@pytest.mark.parametrize("part", [b"", b"GET /healthz HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"])
def test_half_a_request_ends_the_connection_at_once(served: Served, part: bytes) -> None:
    started = time.monotonic()

    assert send(served, part) == b""
    assert time.monotonic() - started < 5


def test_an_idle_connection_ends_at_once(served: Served) -> None:
    started = time.monotonic()

    assert status(send(served, GET % b"/healthz", pause=0.5)) == 200
    assert time.monotonic() - started < 5


def test_connections_of_clients_that_left_are_freed(site: Site) -> None:
    """None waits for something that never comes."""
    descriptors = f"/proc/{site.server.process.pid}/fd"
    before = count(descriptors)
    for data in (GET % b"/healthz", GET % b"/api/schema/", b"GET /healthz", b""):
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as connection:
                connection.sendall(data)

    assert wait_until(lambda: count(descriptors) <= before, seconds=10)


def count(folder: str) -> int:
    return len(list(Path(folder).iterdir()))
