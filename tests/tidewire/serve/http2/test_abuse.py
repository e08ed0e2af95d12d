"""What one client may cost over HTTP/2: each abuse ends with its connection, and the others do not notice."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import hpack
import pytest
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.rig.http2 import PREFACE, Answer, HTTP2Client, tls_connection
from tests.rig.rest import Person
from tests.tidewire.serve.http2.conftest import MakeEncrypted
from tests.tidewire.serve.http2.encrypted import Encrypted
from tests.tidewire.serve.served import memory, read_all, wait_until

MIB = 1024 * 1024
PROTOCOL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 1, 7, 8, 11


@pytest.fixture
def client(served: Encrypted) -> Iterator[HTTP2Client]:
    """A connection that has had its first answer."""
    with HTTP2Client(served.port) as client:
        assert client.get("/healthz").status == 200
        yield client


def block(**more: str) -> bytes:
    fields = [(":method", "GET"), (":path", "/healthz"), (":scheme", "https"), (":authority", "localhost")]
    return hpack.Encoder().encode([*fields, *more.items()])


def unknown() -> bytes:
    """A frame of a type that does not exist."""
    return b"\x00\x00\x00\xbb\x00\x00\x00\x00\x00"


FLOODS: dict[str, Callable[[], bytes]] = {
    "SETTINGS": lambda: SettingsFrame(0, {4: 65535}).serialize(),
    "SETTINGS of the largest table": lambda: SettingsFrame(0, {1: 2**32 - 1}).serialize(),
    "PING": lambda: PingFrame(0, b"abcdefgh").serialize(),
    "PRIORITY": lambda: PriorityFrame(7, depends_on=3, stream_weight=1).serialize(),
    "WINDOW_UPDATE": lambda: WindowUpdateFrame(0, window_increment=1).serialize(),
    "RST_STREAM of an ended stream": lambda: RstStreamFrame(1, error_code=8).serialize(),
    "a type that does not exist": unknown,
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_of_frames_ends_its_connection(served: Encrypted, client: HTTP2Client, name: str) -> None:
    before = memory(served.process)
    frame = FLOODS[name]()

    for _ in range(40):
        client.send(100 * frame)

    assert client.wait_for_end() == ENHANCE_YOUR_CALM
    assert memory(served.process) - before < 8 * MIB


def test_a_flood_of_empty_pieces_of_a_body_ends_its_connection(client: HTTP2Client) -> None:
    stream = client.request("POST", "/api/v1/rooms/", ends=False)

    client.send(4000 * DataFrame(stream).serialize())

    assert client.wait_for_end() == ENHANCE_YOUR_CALM


def test_requests_that_are_cancelled_at_once_end_their_connection_and_are_never_begun(
    served: Encrypted, alice: Person
) -> None:
    """CVE-2023-44487. The limit of streams does not help: there is never more than one."""
    with HTTP2Client(served.port) as client:
        log = served.log.stat().st_size
        for _ in range(20):
            for _ in range(25):
                client.reset(client.request("GET", "/api/v1/rooms/", token=alice.access, flush=False), flush=False)
            client.flush()

        assert client.wait_for_end() == ENHANCE_YOUR_CALM
    with served.log.open() as lines:
        lines.seek(log)
        assert lines.read().count("GET api/v1/rooms/") < 50


def test_streams_that_the_client_makes_us_reset_count_likewise(client: HTTP2Client) -> None:
    """CVE-2025-8671: bodies that are longer than announced."""
    for _ in range(300):
        client.request("POST", "/api/v1/rooms/", b"too long", flush=False, content_length="1")
    client.flush()

    assert client.wait_for_end() == ENHANCE_YOUR_CALM


@pytest.mark.parametrize("size", [0, 8, 8000])
def test_headers_without_end_are_refused(served: Encrypted, client: HTTP2Client, size: int) -> None:
    """CVE-2024-27316 and its kin."""
    before = memory(served.process)
    client.send(HeadersFrame(101, block()).serialize())

    for _ in range(100):
        client.send(20 * ContinuationFrame(101, bytes(size)).serialize())

    assert client.wait_for_end() == ENHANCE_YOUR_CALM
    assert memory(served.process) - before < 8 * MIB


def test_headers_that_decode_to_far_more_are_refused(served: Encrypted, client: HTTP2Client) -> None:
    """A byte each refers to a value of 4 KB in the table (CVE-2016-6581)."""
    before = memory(served.process)
    stored = block(bomb="x" * 3900)
    client.send(HeadersFrame(101, stored, flags=["END_HEADERS", "END_STREAM"]).serialize())
    client.send(HeadersFrame(103, b"\xbe" * 8000, flags=["END_HEADERS", "END_STREAM"]).serialize())

    assert client.wait_for_end() == ENHANCE_YOUR_CALM
    assert memory(served.process) - before < 8 * MIB


def test_the_rules_of_the_protocol_hold(served: Encrypted) -> None:
    wrong: list[tuple[str, bytes]] = [
        ("an even stream", HeadersFrame(2, block(), flags=["END_HEADERS", "END_STREAM"]).serialize()),
        ("DATA on stream 0", b"\x00\x00\x01\x00\x00\x00\x00\x00\x00x"),
        ("a window of 0", b"\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
        ("a ping of 7 bytes", b"\x00\x00\x07\x06\x00\x00\x00\x00\x00abcdefg"),
        ("a CONTINUATION of nothing", ContinuationFrame(101, b"").serialize()),
        ("upper case", HeadersFrame(101, block(UPPER="1"), flags=["END_HEADERS", "END_STREAM"]).serialize()),
        ("connection", HeadersFrame(101, block(connection="close"), flags=["END_HEADERS", "END_STREAM"]).serialize()),
        ("upgrade", HeadersFrame(101, block(upgrade="websocket"), flags=["END_HEADERS", "END_STREAM"]).serialize()),
        ("two hosts", HeadersFrame(101, block(host="evil.example"), flags=["END_HEADERS", "END_STREAM"]).serialize()),
        ("a priority of stream 0", b"\x00\x00\x05\x02\x00\x00\x00\x00\x00" + 5 * b"\x00"),
        ("a priority of 4 bytes", b"\x00\x00\x04\x02\x00\x00\x00\x00\x01" + 4 * b"\x00"),
        ("a GOAWAY on a stream", b"\x00\x00\x08\x07\x00\x00\x00\x00\x01" + 8 * b"\x00"),
        ("a GOAWAY of 4 bytes", b"\x00\x00\x04\x07\x00\x00\x00\x00\x00" + 4 * b"\x00"),
        ("a push", b"\x00\x00\x04\x05\x04\x00\x00\x00\x01\x00\x00\x00\x02"),
    ]
    for name, sent in wrong:
        with HTTP2Client(served.port) as client:
            client.send(sent)
            assert client.wait_for_end() is not None, name
    with HTTP2Client(served.port) as client:
        assert client.get("/healthz").status == 200


@pytest.mark.parametrize("protocol", ["", "websocket"])
def test_a_tunnel_is_refused(client: HTTP2Client, protocol: str) -> None:
    """A CONNECT, and a WebSocket inside of a stream (RFC 8441), which the server does not announce."""
    fields = [(":method", "CONNECT"), (":authority", "localhost")]
    if protocol:
        fields += [(":protocol", protocol), (":scheme", "https"), (":path", "/connection/websocket")]
    stream = client.h2.get_next_available_stream_id()
    client.answers[stream] = Answer()
    client.h2.send_headers(stream, fields)
    client.flush()

    assert client.wait(stream).status == 400
    assert client.get("/healthz").status == 200


def test_what_is_no_tls_and_no_http_2_inside_of_it_is_refused(served: Encrypted) -> None:
    assert served.exchange(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")[:1] in (b"", b"\x15")  # an alert of TLS
    with tls_connection(served.port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"this is not HTTP/2" in read_all(connection)


# -- time --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def impatient(make_encrypted: MakeEncrypted) -> Encrypted:
    """A server whose deadlines are short."""
    return make_encrypted(
        HEADER_SECONDS="1", BODY_SECONDS="2", KEEP_ALIVE_SECONDS="3", UNREAD_SECONDS="2", MAX_CONNECTIONS_PER_USER="200"
    )


def test_what_does_not_come_to_its_end_is_cut_off(impatient: Encrypted) -> None:
    """A handshake, a preface, a frame, and a header block: each has HEADER_SECONDS, whatever comes byte by byte."""
    port = impatient.port
    head = HeadersFrame(1, block(), flags=["END_HEADERS"]).serialize()
    beginnings: list[Callable[[], object]] = [
        lambda: impatient.exchange(b"\x16\x03\x01"),
        lambda: trickle(port, PREFACE[:10]),
        lambda: trickle(port, PREFACE + SettingsFrame(0).serialize() + head[:12]),
        lambda: trickle(port, PREFACE + SettingsFrame(0).serialize() + HeadersFrame(1, block()).serialize()),
    ]
    for begin in beginnings:
        started = time.monotonic()
        begin()
        assert time.monotonic() - started < 10


def trickle(port: int, sent: bytes) -> bytes:
    """Sends this, and returns what the server sends until it ends the connection."""
    with tls_connection(port) as connection:
        connection.sendall(sent)
        return read_all(connection)


def test_a_connection_without_a_stream_ends_and_pings_do_not_keep_it(impatient: Encrypted) -> None:
    with HTTP2Client(impatient.port) as client:
        assert client.get("/healthz").status == 200
        started = time.monotonic()
        while not client.is_closed and time.monotonic() - started < 12:
            client.send(PingFrame(0, b"still me").serialize())
            client.until(lambda: False, 0.2)

    assert client.goaway == 0
    assert 2 < time.monotonic() - started < 10


def test_a_body_that_does_not_end_is_cut_off_and_its_connection_goes_on(impatient: Encrypted) -> None:
    with HTTP2Client(impatient.port) as client:
        stream = client.request("POST", "/api/v1/rooms/", b"{", ends=False)

        assert client.wait(stream).reset == CANCEL
        assert client.get("/healthz").status == 200


# -- windows -----------------------------------------------------------------------------------------------------------


def test_a_stream_whose_window_stays_shut_is_cut_off_and_blocks_no_other(impatient: Encrypted) -> None:
    person = impatient.person("mallory")
    room = person.make_room("long")
    person.post(f"rooms/{room}/messages/batch/", [{"text": "é" * 4000}] * 100)
    path = f"/api/v1/rooms/{room}/messages/?limit=100"
    with HTTP2Client(impatient.port, window=64 * MIB, is_reading=False) as client:
        stalled = client.request("GET", path, token=person.access)
        assert client.until(lambda: len(client.answers[stalled].body) == 65535)

        for _ in range(20):
            assert client.get("/healthz").status == 200
        assert client.wait(stalled).reset == CANCEL
        assert client.get("/healthz").status == 200
    person.close()


@pytest.mark.parametrize("door", ["log", "events", "http_stream", "sse"])
def test_an_event_stream_that_is_not_read_ends_at_its_queue(served: Encrypted, alice: Person, door: str) -> None:
    """The other streams of its connection go on, and what was not sent is in the log."""
    room = alice.make_room("slow")
    position = alice.get(f"streams/room:{room}/")
    before = cut_off(served)
    with HTTP2Client(served.port, is_reading=False, window=64 * MIB) as client:
        stream = open_door(client, door, room, alice.access)
        assert client.until(lambda: len(client.answers[stream].body) > 0)
        for _ in range(3):
            alice.post(f"rooms/{room}/messages/batch/", [{"text": "é" * 4000}] * 80)

        assert wait_until(lambda: cut_off(served) == before + 1)
        assert client.wait(stream).is_over
        assert len(client.answers[stream].body) < MIB
        assert client.get("/healthz").status == 200
    assert alice.get(f"streams/room:{room}/")["offset"] == position["offset"] + 240


def open_door(client: HTTP2Client, door: str, room: str, token: str) -> int:
    """Asks for the events of a room; returns the stream."""
    first = f'{{"id":1,"connect":{{"token":"{token}"}}}}\n{{"id":2,"subscribe":{{"channel":"room:{room}"}}}}'
    if door == "http_stream":
        return client.request("POST", "/connection/http_stream", first.encode())
    path = {
        "log": f"/api/v1/streams/room:{room}/log/?live=sse&offset=now",
        "events": f"/api/v1/streams/events/?stream=room:{room}",
        "sse": f"/connection/sse?{urlencode({'cf_connect': first})}",
    }[door]
    return client.request("GET", path, token="" if door == "sse" else token)


def cut_off(served: Encrypted) -> float:
    """Returns how many clients were cut off because they did not keep up."""
    with served.client() as http:
        text = http.get("/metrics").text
    found = re.search(r'^tidewire_disconnects_total\{code="3008"\} (\S+)', text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_a_client_that_reads_no_stream_costs_what_its_answers_cost_and_no_more(impatient: Encrypted) -> None:
    """Windows of no byte for 100 streams, again and again: the answers wait, and are dropped in time."""
    person = impatient.person("greedy")
    room = person.make_room("long")
    person.post(f"rooms/{room}/messages/batch/", [{"text": "é" * 4000}] * 100)
    before = memory(impatient.process)
    with HTTP2Client(impatient.port, is_reading=False) as client:
        client.h2.update_settings({4: 0})
        client.flush()
        streams = [
            client.request("GET", f"/api/v1/rooms/{room}/messages/?limit=100", token=person.access) for _ in range(20)
        ]
        client.wait(*streams)

    assert wait_until(lambda: memory(impatient.process) - before < 48 * MIB, 30)
    person.close()


def test_the_limits_of_an_address_count_streams_as_connections(make_encrypted: MakeEncrypted) -> None:
    served = make_encrypted(TRUSTED_PROXIES="1", MAX_HTTP_PER_ADDRESS="10", MAX_CONNECTIONS_PER_USER="200")
    person = served.person("crowd")
    room = person.make_room("crowd")
    path = f"/api/v1/streams/room:{room}/log/?live=sse&offset=now"
    with (
        HTTP2Client(served.port, address="203.0.113.7") as client,
        HTTP2Client(served.port, address="198.51.100.9") as other,
    ):
        streams = [client.request("GET", path, token=person.access) for _ in range(30)]
        client.until(lambda: all(client.answers[stream].status for stream in streams))
        statuses = [client.answers[stream].status for stream in streams]
        neighbour = other.wait(other.request("GET", "/api/v1/me/", token=person.access))

        assert (statuses.count(200), statuses.count(503)) == (10, 20)
        assert neighbour.status == 200
        for stream in streams[:10]:
            client.reset(stream)
        assert client.get("/api/v1/me/", person.access).status == 200
    person.close()
