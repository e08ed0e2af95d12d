"""Limits hold before memory is spent, and are answered with problem documents and close codes."""

import socket
import time

import pytest

from tests.rig.raw import RawSocket
from tests.rig.site import Site
from tests.tidewire.serve.served import Served, memory, read_all, status
from tidewire.ground.conf import DEFAULTS

MIB = 1024 * 1024
LIMIT = DEFAULTS["MAX_BODY_BYTES"]
HEAD = b"POST /api/v1/rooms/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def pour(served: Served, head: bytes, piece: bytes, count: int) -> bytes:
    """Sends a body to its end, or until the server stops reading; returns the answer."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(head)
        try:
            for _ in range(count):
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return read_all(connection)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_of_300_mib_is_refused_and_costs_no_memory(served: Served, framing: str) -> None:
    count, data = 300, b"x" * MIB
    head = HEAD + (b"Content-Length: %d\r\n\r\n" % (count * MIB) if framing == "length" else CHUNKED)
    piece = data if framing == "length" else b"%x\r\n%b\r\n" % (MIB, data)
    before = memory(served.process)

    answer = pour(served, head, piece, count)

    assert status(answer) == 413
    assert b"application/problem+json" in answer
    assert memory(served.process) - before < 8 * MIB


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def test_a_body_at_the_limit_is_read(served: Served) -> None:
    answer = pour(served, HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % LIMIT, b"x" * LIMIT, 1)

    assert status(answer) == 401  # the body was read, and authentication answered


def test_a_long_body_is_refused_before_100_continue(served: Served) -> None:
    answer = served.exchange(HEAD + b"Content-Length: 9999999999\r\nExpect: 100-continue\r\n\r\n")

    assert status(answer) == 413
    assert b"100 Continue" not in answer


@pytest.mark.parametrize(
    "request_head",
    [b"GET /healthz HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"],
    ids=["no host", "two hosts"],
)
def test_a_request_without_exactly_one_host_is_refused(served: Served, request_head: bytes) -> None:
    answer = served.exchange(request_head)

    assert status(answer) == 400
    assert b"text/html" not in answer


@pytest.mark.parametrize(
    ("number", "size", "expected"), [(98, 1, 200), (99, 1, 431), (3, 5000, 200), (3, 6000, 431), (1, 17_000, 431)]
)
def test_too_many_headers_are_refused(served: Served, number: int, size: int, expected: int) -> None:
    """With Host and Connection they may be a hundred."""
    many = b"".join(b"X-%d: %b\r\n" % (n, size * b"y") for n in range(number))

    asked = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + many + b"\r\n"
    assert status(served.exchange(asked)) == expected


def test_long_headers_are_refused(served: Served) -> None:
    assert status(served.exchange(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100_000)) == 431


def test_daphnes_root_path_header_is_ignored(served: Served) -> None:
    plain = served.get("/api/v1/rooms/")
    spoofed = served.get("/api/v1/rooms/", headers={"Daphne-Root-Path": "/evil"})

    assert (spoofed.status_code, spoofed.json()["code"]) == (plain.status_code, plain.json()["code"])
    assert "/evil" not in spoofed.text + served.get("/api/v1/nowhere/", headers={"Daphne-Root-Path": "/evil"}).text
    assert "/evil" not in str(served.get("/admin/", headers={"Daphne-Root-Path": "/evil"}).headers)


def test_no_server_banner(served: Served) -> None:
    assert "server" not in served.get("/healthz").headers


# -- frames ------------------------------------------------------------------------------------------------------------


def test_a_frame_above_the_limit_is_closed_with_1009(served: Served) -> None:
    with RawSocket(served.ws_url) as client:
        client.send_frame("x" * (DEFAULTS["MAX_FRAME_BYTES"] + 1))

        assert client.close_code() == 1009


def test_a_text_that_is_not_utf8_is_closed_with_1007(served: Served) -> None:
    assert close_code(served, frame(0x81, b"\xff\xfe")) == 1007


def test_an_unmasked_frame_is_closed_with_1002(served: Served) -> None:
    assert close_code(served, b"\x81\x02{}") == 1002


def test_empty_fragments_without_end_are_closed_with_1009(served: Served) -> None:
    assert close_code(served, frame(0x01, b"x") + frame(0x00, b"") * 5000) == 1009


def handshake(served: Served) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", served.port), timeout=15)
    connection.sendall(
        b"GET /connection/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(1)
    assert status(answer) == 101
    assert b"permessage-deflate" not in answer.lower()
    return connection


def frame(first: int, payload: bytes) -> bytes:
    """Returns a short frame, masked with zeros, which leave the payload as it is."""
    assert len(payload) < 126
    return bytes((first, 0x80 | len(payload), 0, 0, 0, 0)) + payload


def close_code(served: Served, sent: bytes) -> int:
    with handshake(served) as connection:
        connection.sendall(sent)
        answer = connection.recv(4)
        assert answer[0] == 0x88, "a close frame"
        return int.from_bytes(answer[2:4], "big")


# -- slow senders ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def impatient(make_site) -> Site:
    return make_site(HEADER_SECONDS="1.0", BODY_SECONDS="1.5")


def test_headers_that_drip_are_cut_off(impatient: Site) -> None:
    started = time.monotonic()

    assert impatient.server.exchange(b"GET /healthz HTTP/1.1\r\n", *[b"X: y\r\n"] * 30, pause=0.2) == b""
    assert time.monotonic() - started < 8


def test_a_silent_connection_is_cut_off(impatient: Site) -> None:
    assert impatient.server.exchange(b"") == b""


@pytest.mark.parametrize(
    ("framing", "piece"), [(b"Content-Length: 1000\r\n\r\n", b"x"), (CHUNKED, b"1\r\nx\r\n")], ids=["length", "chunked"]
)
def test_a_body_that_drips_is_cut_off(impatient: Site, framing: bytes, piece: bytes) -> None:
    assert impatient.server.exchange(HEAD + framing, *[piece] * 30, pause=0.2) == b""


def test_a_connection_is_kept_between_requests(impatient: Site) -> None:
    """The deadline is for a request, not for the pause before the next one."""
    get = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", impatient.server.port), timeout=5) as connection:
        connection.sendall(get)
        assert status(connection.recv(65536)) == 200
        time.sleep(2)
        connection.sendall(get)
        assert status(connection.recv(65536)) == 200


# -- commands --------------------------------------------------------------------------------------------------------


def test_a_flood_is_closed_with_3013_and_costs_no_memory(site: Site) -> None:
    alice = site.person("alice")
    before = memory(site.server.process)
    with RawSocket(site.ws_url) as client:
        client.connect(alice.fresh_token())
        for id in range(2, 5000):
            client.send({"id": id, "presence": {"channel": "room:" + "x" * 500}})

        assert client.close_code() == 3013
    assert memory(site.server.process) - before < 8 * MIB


def test_a_burst_of_single_subscribes_is_served(site: Site) -> None:
    """Mobile clients reconnect with one frame for each of their streams."""
    alice = site.person("alice")
    rooms = [alice.make_room() for _ in range(5)]
    with RawSocket(site.ws_url) as client:
        client.connect(alice.fresh_token())
        for id in range(100):
            client.send({"id": id + 2, "subscribe": {"channel": f"room:{rooms[id] if id < 5 else id}"}})
        answers = {answer["id"]: answer for answer in (client.receive() for _ in range(100))}

    assert [("error" in answers[id + 2]) for id in range(100)] == [False] * 5 + [True] * 95
