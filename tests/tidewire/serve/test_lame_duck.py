"""Between SIGTERM and the drain: readiness is withdrawn, and everything is served. Then the port is closed at once."""

from __future__ import annotations

import signal
import socket
import time

import httpx
import pytest

from tests.rig.raw import RawSocket
from tests.rig.site import Site
from tests.tidewire.serve.served import Served, wait_until

LAME_DUCK_SECONDS = 2.5
FOR_EVER = 600.0
WORKERS = ("--workers", "2")


def start(make_site, size: str, lame_duck_seconds: float) -> Site:
    return make_site(
        size,
        WORKERS if size == "grown" else (),
        LAME_DUCK_SECONDS=str(lame_duck_seconds),
        DRAIN_SECONDS="1.0",
        MAX_CONNECTIONS_PER_USER="0",
    )


@pytest.mark.parametrize("size", ["embedded", "grown"], ids=["one process", "two workers"])
def test_everything_is_served_until_the_port_is_closed_and_no_connection_hangs(make_site, size: str) -> None:
    site = start(make_site, size, LAME_DUCK_SECONDS)
    alice = site.person("alice")
    room = alice.make_room()
    token = alice.fresh_token()
    started = time.monotonic()
    site.server.drain()
    assert wait_until(lambda: is_draining(site.server), LAME_DUCK_SECONDS)

    alice.say(room, "still here")
    with RawSocket(site.ws_url) as client:
        assert "connect" in client.connect(token)
    while is_answered(site.server):
        pass
    assert time.monotonic() - started >= LAME_DUCK_SECONDS
    assert site.server.wait_for_end() == 0


def is_draining(served: Served) -> bool:
    try:
        answer = served.get("/readyz")
    except httpx.ConnectError:
        return False
    return answer.status_code == 503 and answer.json() == {"status": "draining"}


def is_answered(served: Served) -> bool:
    """Returns whether a new connection is answered; False when it is refused. Fails when it hangs or is reset."""
    try:
        connection = socket.create_connection(("127.0.0.1", served.port), timeout=5)
    except ConnectionRefusedError:
        return False
    with connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert connection.recv(1024).startswith(b"HTTP/1.1 200")
    return True


def test_ctrl_c_does_not_wait_for_balancers(make_site) -> None:
    site = start(make_site, "grown", FOR_EVER)
    site.server.drain(signal.SIGINT)

    assert site.server.wait_for_end() == 0


def test_a_second_signal_does_not_wait_either(make_site) -> None:
    site = start(make_site, "grown", FOR_EVER)
    site.server.drain()
    assert wait_until(lambda: is_draining(site.server))
    site.server.drain()

    site.server.wait_for_end()
