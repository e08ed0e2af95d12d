"""WebSocket frames of any kind are counted from the first byte; a client above its rate costs the others nothing."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.fairness import attackers_socket
from tests.fairness.attackers_socket import CLOSE, PING, Outcome, commands, connecting, frame
from tests.rig.raw import RawSocket
from tests.rig.site import Site
from tests.tidewire.serve.conftest import MakeSite
from tests.tidewire.serve.served import Served
from tests.tidewire.serve.test_limits import handshake
from tidewire.ground.conf import DEFAULTS
from tidewire.ground.frame_rate import FREE_FRAMES, SHARED
from tidewire.serve.websocket_protocol import CLOSE_SECONDS, TURN_FRAMES

BURST, PER_SECOND = DEFAULTS["FRAME_BURST"], DEFAULTS["FRAMES_PER_SECOND"]
PONG_BYTES = 2
PONG = 0x8A  # of the server: unmasked


def read_for(connection: socket.socket, seconds: float) -> bytes:
    """Returns what arrives within so many seconds, or until the connection ends."""
    received, deadline = b"", time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            data = connection.recv(65536)
        except TimeoutError:
            break
        if not data:
            break
        received += data
    return received


def test_pings_above_the_burst_are_answered_at_the_rate(served: Served) -> None:
    with handshake(served) as connection:
        began = time.monotonic()
        connection.sendall(frame(PING) * (2 * BURST))
        received = read_for(connection, 1.0)
        most = BURST + PER_SECOND * (time.monotonic() - began) + 2 * TURN_FRAMES
    assert BURST <= len(received) // PONG_BYTES <= most


def test_what_waits_is_answered_later(served: Served) -> None:
    """The socket is slowed down, and lives: nothing that was sent is lost."""
    with handshake(served) as connection:
        connection.sendall(frame(PING) * (BURST + PER_SECOND))
        received = b""
        while len(received) < PONG_BYTES * (BURST + PER_SECOND):
            received += connection.recv(65536)
    assert received == bytes([PONG, 0]) * (BURST + PER_SECOND)


def test_a_client_that_floods_is_told_so_and_may_return(served: Served, site: Site) -> None:
    flooder = site.person("flooder")
    with handshake(served) as connection:
        connection.sendall(connecting(flooder.access))
        connection.setblocking(False)
        received, pings = b"", frame(PING) * 100
        deadline = time.monotonic() + 20.0
        while (code := code_of(received)) is None and time.monotonic() < deadline:
            for call in (lambda: connection.send(pings), lambda: connection.recv(65536)):
                try:
                    got = call()
                except BlockingIOError:
                    time.sleep(0.001)
                    continue
                received = (received + got)[-4096:] if isinstance(got, bytes) else received
    assert code == 3013
    with RawSocket(served.ws_url) as again:
        assert "connect" in again.connect(flooder.access)


def code_of(received: bytes) -> int | None:
    """Returns the code of the close frame that ends what was received; None before it came."""
    reason = b"too many requests"
    at = received.rfind(bytes([CLOSE, 2 + len(reason)]))
    return int.from_bytes(received[at + 2 : at + 4]) if at >= 0 and received.endswith(reason) else None


def test_a_message_of_the_largest_size_in_fragments_is_read(served: Served, site: Site) -> None:
    """Some clients send a long message in fragments of a few kilobytes."""
    person = site.person("fragmented")
    text = b'{"id":2,"rpc":{"method":"no.such","data":{"fill":"%s"}}}' % (b"x" * 200_000)
    pieces = [text[at : at + 1000] for at in range(0, len(text), 1000)]
    with handshake(served) as connection:
        connection.sendall(connecting(person.access) + frame(0x01, pieces[0]))
        connection.sendall(b"".join(frame(0x00, piece) for piece in pieces[1:-1]) + frame(0x80, pieces[-1]))
        assert b'"id":2,"error":{"code":108' in read_until(connection, b'"id":2')


def test_as_many_messages_as_may_wait_are_read_at_once(served: Served, site: Site) -> None:
    person = site.person("waiting")
    with handshake(served) as connection:
        pinging = b"".join(commands({"id": number, "ping": {}}) for number in range(2, 502))
        connection.sendall(connecting(person.access) + pinging)
        assert read_until(connection, b'"id":61,')


def read_until(connection: socket.socket, text: bytes) -> bytes:
    received = b""
    while text not in received:
        data = connection.recv(65536)
        assert data, received[-200:]
        received += data
    return received + read_for(connection, 0.2)


@pytest.mark.parametrize("attack", attackers_socket.UNIDENTIFIED, ids=lambda attack: attack.__name__)
def test_no_attack_before_connect_is_read_faster_than_the_rate(served: Served, attack: Callable[..., Outcome]) -> None:
    """What is above it stays in the kernel, and another client is answered meanwhile."""
    outcome = attack("127.0.0.1", served.port, 2.0, bytes_per_second=0.0)
    assert outcome.opened > 0
    assert served.get("/healthz").elapsed.total_seconds() < 1.0
    if attack is attackers_socket.pings:
        most = outcome.opened * (BURST + 2 * PER_SECOND + 2 * TURN_FRAMES)
        assert outcome.received <= most * PONG_BYTES


def test_frames_that_arrive_before_the_socket_is_open_are_kept_back_in_order(served: Served) -> None:
    request = (
        b"GET /connection/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.port), timeout=15) as connection:
        connection.sendall(request)
        for number in range(200):
            connection.sendall(frame(PING, b"%03d" % number))
        received = read_until(connection, b"199").partition(b"\r\n\r\n")[2]
    # Those that came in one piece with the handshake are not read: a client has to wait for the answer.
    first = int(received[2:5])
    assert received == b"".join(bytes([PONG, 3]) + b"%03d" % number for number in range(first, 200))


def test_the_sockets_of_one_address_share_a_rate_and_those_of_another_do_not_wait(make_site: MakeSite) -> None:
    served = make_site(TRUSTED_PROXIES="1").server
    with ExitStack() as closing:
        hungry = [closing.enter_context(from_address(served, "192.0.2.1")) for _ in range(SHARED + 1)]
        for connection in hungry:
            connection.sendall(frame(PING) * BURST)
        for connection in hungry[:SHARED]:
            read_for(connection, 0.3)
        late = closing.enter_context(from_address(served, "192.0.2.1"))
        other = closing.enter_context(from_address(served, "192.0.2.2"))
        for connection in (late, other):
            connection.sendall(frame(PING) * 500)
        assert len(read_for(other, 2.0)) == 500 * PONG_BYTES
        assert FREE_FRAMES * PONG_BYTES <= len(read_for(late, 0.1)) < 500 * PONG_BYTES


def from_address(served: Served, address: str) -> socket.socket:
    """Opens a WebSocket as a proxy does for a client at this address."""
    connection = socket.create_connection(("127.0.0.1", served.port), timeout=15)
    headers = f"X-Forwarded-For: {address}\r\n"
    request = attackers_socket.HANDSHAKE.format(path="/connection/websocket", host="localhost", headers=headers)
    connection.sendall(request.encode())
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(4096)
    assert received.startswith(b"HTTP/1.1 101"), received
    return connection


def test_what_follows_a_close_is_not_read_for_long(served: Served) -> None:
    """A client that goes on sending, and does not answer the close, is cut off; it has the code before that."""
    with handshake(served) as connection:
        connection.sendall(commands({"id": 1, "subscribe": {"channel": "room:x"}}))  # before `connect`
        received, has_ended = pour(connection, commands({"id": 2, "ping": {}}) * 1000, 2 * CLOSE_SECONDS)
    assert has_ended
    assert (3501).to_bytes(2) + b"bad request" in received


def pour(connection: socket.socket, data: bytes, seconds: float) -> tuple[bytes, bool]:
    """Sends data over and over, for so many seconds or to the end. Returns what came back, and whether it has ended."""
    connection.setblocking(False)
    received, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            connection.send(data)
        except BlockingIOError:
            time.sleep(0.001)
        except ConnectionError:
            return received, True
        try:
            piece = connection.recv(65536)
        except BlockingIOError:
            continue
        except ConnectionError:
            return received, True
        if not piece:
            return received, True
        received += piece
    return received, False
