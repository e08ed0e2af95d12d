"""What one client costs the others over HTTP: unread answers, unfinished bodies, idle connections, handshakes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.fairness.attackers_http import HANDSHAKE, Server, long_path, request
from tests.rig.rest import Person
from tests.rig.site import Site
from tests.tidewire.serve.conftest import MakeSite
from tests.tidewire.serve.served import Served, memory, read_all, status, wait_until

MIB = 1024 * 1024
ENDED = (7, 8)  # TCP_CLOSE after a reset, TCP_CLOSE_WAIT after the server's end


@pytest.fixture
def held() -> Iterator[list[socket.socket]]:
    """Connections that are closed at the end of the test."""
    connections: list[socket.socket] = []
    yield connections
    for connection in connections:
        connection.close()


def hold(served: Served, held: list[socket.socket], sent: bytes, receive_buffer: int = 0) -> socket.socket:
    """Opens a connection, and sends what the server takes within a moment."""
    connection = socket.socket()
    held.append(connection)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(15)
    connection.connect(("127.0.0.1", served.port))
    connection.settimeout(0.3)
    with contextlib.suppress(OSError):
        connection.sendall(sent)
    connection.settimeout(15)
    return connection


def is_ended(connection: socket.socket) -> bool:
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in ENDED


def attacker(served: Served, person: Person) -> Server:
    return Server(served.port, token=person.access)


# -- unread answers ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def impatient(make_site: MakeSite) -> Site:
    return make_site(UNREAD_SECONDS="3", REQUESTS_PER_USER="0", UNREAD_ANSWERS_BYTES="0")


def test_requests_wait_for_the_answers_before_them_and_an_unread_connection_is_cut_off(
    impatient: Site, held: list[socket.socket]
) -> None:
    served = impatient.server
    target = attacker(served, impatient.person("mallory"))
    get = request(target, "GET", long_path(target))
    before = memory(served.process)

    unread = hold(served, held, 400 * get, receive_buffer=4096)

    assert wait_until(lambda: is_ended(unread), 30)
    assert memory(served.process) - before < 32 * MIB  # one answer has 0.8 MiB


def test_a_client_that_reads_gets_all_its_answers_however_late(impatient: Site) -> None:
    """It takes longer in all than one answer may, and reads a part of each in time."""
    served = impatient.server
    target = attacker(served, impatient.person("slow"))
    path = long_path(target)
    pieces = b""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.settimeout(15)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(5 * request(target, "GET", path) + request(target, "GET", "/healthz", "Connection: close"))
        started = time.monotonic()
        while piece := connection.recv(65536):
            pieces += piece
            time.sleep(0.05)  # the client's own slowness

    assert pieces.count(b"HTTP/1.1 200 OK") == 6
    assert len(pieces) > 5 * 800_000
    assert time.monotonic() - started > 3


def test_a_connection_that_should_close_after_its_answer_is_cut_off_too(
    impatient: Site, held: list[socket.socket]
) -> None:
    served = impatient.server
    target = attacker(served, impatient.person("closer"))
    get = request(target, "GET", long_path(target), "Connection: close")

    for _ in range(5):
        hold(served, held, get, receive_buffer=4096)

    assert wait_until(lambda: all(map(is_ended, held)), 30)


def test_unread_bytes_are_bounded_in_sum_and_the_costliest_connections_are_cut_off(
    make_site: MakeSite, held: list[socket.socket]
) -> None:
    site = make_site(UNREAD_SECONDS="0", UNREAD_ANSWERS_BYTES=str(4 * MIB), REQUESTS_PER_USER="0")
    target = attacker(site.server, site.person("mallory"))
    path = long_path(target)

    for _ in range(30):
        hold(site.server, held, request(target, "GET", path), receive_buffer=4096)

    assert wait_until(lambda: sum(map(is_ended, held)) >= 15, 30)
    answer = httpx.get(
        site.server.url + path, headers={"Authorization": f"Bearer {target.token}"}, timeout=20, trust_env=False
    )
    assert (answer.status_code, len(answer.content) > 800_000) == (200, True)


# -- unfinished bodies -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(make_site: MakeSite) -> Site:
    """A site that holds few bytes of bodies, behind a proxy."""
    return make_site(
        TRUSTED_PROXIES="1",
        UNFINISHED_BODIES_BYTES=str(2 * MIB),
        MAX_BATCH_BYTES=str(MIB),
        BODY_SECONDS="4",
        MAX_HTTP_PER_ADDRESS="40",
    )


def body(address: str, size: int, sent: int, port: int = 0) -> bytes:
    lines = ("Content-Type: application/json", f"Content-Length: {size}", "Connection: close")
    return request(Server(port, address=address), "POST", "/api/v1/token/", *lines) + b" " * sent


def test_unfinished_bodies_are_bounded_in_sum_and_refused(small: Site, held: list[socket.socket]) -> None:
    served = small.server
    before = memory(served.process)

    for _ in range(30):
        hold(served, held, body("198.51.100.9", 1_000_000, 999_999))

    assert memory(served.process) - before < 12 * MIB  # they have 29 MiB
    short, whole = body("198.51.100.9", 100, 100), body("203.0.113.7", 900_000, 900_000)
    assert status(served.exchange(short)) == 400  # read, and answered by the view
    assert status(served.exchange(whole)) == 400  # another address
    answers = [read_all(connection) for connection in held]
    refused = [answer for answer in answers if answer]
    assert {status(answer) for answer in refused} == {503}
    assert all(b"application/problem+json" in answer and b'"code": "busy"' in answer for answer in refused)
    assert len(refused) >= 20
    assert wait_until(lambda: status(served.exchange(body("198.51.100.9", 900_000, 900_000))) == 400, 20)


# -- connections -------------------------------------------------------------------------------------------------------


def test_the_requests_of_an_address_behind_a_proxy_are_limited(small: Site, held: list[socket.socket]) -> None:
    served = small.server
    for _ in range(40):
        hold(served, held, body("198.51.100.20", 1000, 10))
    get = request(Server(0, address="198.51.100.20"), "GET", "/api/v1/rooms/", "Connection: close")

    answer = served.exchange(get)

    assert (status(answer), b"too_many_connections" in answer) == (503, True)
    assert status(served.exchange(get.replace(b".20\r\n", b".21\r\n"))) == 401
    assert status(served.exchange(get.replace(b"/api/v1/rooms/", b"/healthz"))) == 200
    for connection in held:
        connection.close()
    assert wait_until(lambda: status(served.exchange(get)) == 401, 20)


def test_idle_connections_are_bounded_and_the_oldest_gives_way(make_site: MakeSite, held: list[socket.socket]) -> None:
    served = make_site(MAX_IDLE_HTTP="20").server
    get = request(Server(0), "GET", "/healthz")
    for _ in range(20):
        assert status(hold(served, held, get).recv(65536)) == 200

    def is_replaced() -> bool:
        """Returns whether the first of them was ended for the connection that is opened here."""
        assert status(hold(served, held, get).recv(65536)) == 200
        return is_ended(held[0])

    assert wait_until(is_replaced, 10)
    assert not is_ended(held[-1])


def test_probes_are_answered_when_all_places_are_taken(make_site: MakeSite, held: list[socket.socket]) -> None:
    """By connections whose requests have begun: none of them is idle, so none gives way."""
    served = make_site(MAX_CONNECTIONS="1", HEADER_SECONDS="60").server
    for _ in range(1001):
        hold(served, held, b"GET / HTTP/1.1\r\n")
    get = b"GET %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    assert wait_until(lambda: status(served.exchange(get % b"/api/v1/rooms/")) == 503, 10)
    for path in (b"/healthz", b"/readyz", b"/metrics"):
        assert status(served.exchange(get % path)) == 200
    extra = [hold(served, held, b"") for _ in range(100)]  # more than the reserve
    assert status(served.exchange(get % b"/healthz")) == 200
    assert wait_until(lambda: sum(map(is_ended, extra)) >= 60, 10)


# -- handshakes --------------------------------------------------------------------------------------------------------


def test_one_address_that_hammers_leaves_the_others_their_handshakes(make_site: MakeSite) -> None:
    served = make_site(
        TRUSTED_PROXIES="1",
        ACCEPTS_PER_SECOND="10",
        ACCEPT_BURST="20",
        ACCEPTS_PER_SECOND_PER_ADDRESS="1",
        ACCEPT_BURST_PER_ADDRESS="3",
    ).server
    is_over = threading.Event()

    def hammer(address: str) -> None:
        while not is_over.is_set():
            handshake(served, address)

    networks = ["198.51.100.9", "2001:db8:1::%d", "2001:db8:1::ffff:%d"]  # the last two are one client's /64
    with ThreadPoolExecutor(len(networks)) as together:
        for n, address in enumerate(networks):
            together.submit(hammer, address % n if "%" in address else address)
        try:
            assert wait_until(lambda: handshake(served, "198.51.100.9") == 503, 10)
            codes = [handshake(served, f"203.0.113.{n}") for n in range(8)]
        finally:
            is_over.set()
    assert codes == [101] * 8


def test_addresses_of_one_ipv6_network_are_one_client(make_site: MakeSite) -> None:
    served = make_site(TRUSTED_PROXIES="1", ACCEPTS_PER_SECOND_PER_ADDRESS="0.01", ACCEPT_BURST_PER_ADDRESS="3").server

    assert [handshake(served, f"2001:db8::{n}") for n in range(5)] == [101, 101, 101, 503, 503]
    assert handshake(served, "2001:db8:0:1::1") == 101


def handshake(served: Served, address: str) -> int:
    """Returns the status of a handshake, whose socket is left at once."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=15) as connection:
        connection.sendall(request(Server(0, address=address), "GET", "/connection/websocket", *HANDSHAKE))
        return status(connection.recv(4096))
