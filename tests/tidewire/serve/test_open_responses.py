"""Responses that stay open, on every server: a reader that stalls, a deploy, a client that comes back."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.rig.http_events import EventReader
from tests.rig.rest import API, Person, channel
from tests.rig.site import Site, Sites
from tests.rig.verify import IS_VERIFY, figure
from tests.tidewire.serve.served import Served, memory, wait_until
from tests.tidewire.serve.test_slow_reader import MIB, SERVERS, Peak

EVENTS = 12_000 if IS_VERIFY else 8_000
"""Of one kilobyte: many times what one client may leave unread, and what a kernel buffers."""
WRITE = """
from api.models import Message, Room, User
room, author = Room.objects.get(id="{room}"), User.objects.get(id="{author}")
for start in range(0, {events}, 500):
    Message.objects.bulk_create(Message(room=room, author=author, text="x" * 1000) for _ in range(500))
"""


@pytest.fixture(scope="module", params=SERVERS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def site(name: str, sites: Sites) -> Iterator[Site]:
    site = sites.make("embedded", settings={"ACCESS_TOKEN_SECONDS": "3600", "MAX_CONNECTIONS_PER_USER": "0"})
    site.servers = [SERVERS[name](site, site.folder / "server.log")]
    site.start()
    yield site
    site.stop()
    site.check_logs()


@pytest.fixture
def alice(site: Site) -> Person:
    return site.person("alice")


def address(room: str, offset: str, live: str = "sse") -> str:
    return f"{API}streams/{channel(room)}/log/?live={live}&offset={offset}"


def test_a_stalled_reader_costs_little_and_comes_back_to_its_place(name: str, site: Site, alice: Person) -> None:
    room = alice.make_room()
    write(site, alice, room, EVENTS // 4)  # a new process grows anyway
    before = memory(site.server.process.pid)
    position = alice.get(f"streams/{channel(room)}/")
    start = f"0000000001_{position['offset']:016d}_{position['epoch']}"
    stalled = [stalled_reader(site, alice, room, start) for _ in range(5)]
    with Peak(site.server.process.pid) as peak:
        write(site, alice, room, EVENTS)
    figure(f"{name}: five stalled responses, {EVENTS} events of 1 KB: {(peak.bytes - before) / MIB:.1f} MiB")
    assert peak.bytes - before < 5 * MIB + 12 * MIB
    # This process learns of the writes by its poll, perhaps after the writer has ended. A reader that reads by then is
    # no stalled one. Plain daphne ends each response by itself.
    assert name == "daphne" or wait_until(lambda: cut_off(site) == len(stalled))
    for connection in stalled:
        received, last = drained(connection)
        assert received < (EVENTS / 2) * 1000, "the server kept on sending"
        rest = alice.http.get(
            f"{API}streams/{channel(room)}/log/?offset={last}", headers={"Authorization": f"Bearer {alice.access}"}
        )
        assert rest.status_code == 200
        assert rest.headers["stream-next-offset"] > last


def cut_off(site: Site) -> int:
    """Returns how many clients of this process were cut off because they did not keep up."""
    text = httpx.get(f"{site.url}/metrics", timeout=30, trust_env=False).text
    found = re.search(r'^tidewire_disconnects_total\{code="3008"\} (\S+)', text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def write(site: Site, alice: Person, room: str, events: int) -> None:
    site.shell(WRITE.format(room=room, author=alice.id, events=events))


def stalled_reader(site: Site, alice: Person, room: str, offset: str) -> socket.socket:
    """Asks for the events, and reads only the first bytes of the answer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", site.server.port))
    request = f"GET {address(room, offset)} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {alice.access}\r\n\r\n"
    connection.sendall(request.encode())
    assert connection.recv(16).startswith(b"HTTP/1.1 200")
    return connection


def drained(connection: socket.socket) -> tuple[int, str]:
    """Reads what the kernel and the server have kept, up to the end; returns its size and the last offset in it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    connection.settimeout(20)
    received, tail = 0, b""
    try:
        while part := connection.recv(1 << 16):
            received += len(part)
            tail = (tail + part)[-200_000:]
            if tail.endswith(b"0\r\n\r\n"):  # plain daphne ends the response and keeps the connection
                break
    except ConnectionResetError:
        pass
    connection.close()
    whole = re.findall(rb"data:(\{\"streamNextOffset\"[^\n]*\})\n", tail)
    return received, json.loads(whole[-1])["streamNextOffset"]


def test_a_reader_that_keeps_up_gets_every_event_once(name: str, site: Site, alice: Person) -> None:
    """Also on plain daphne, where its response ends after every megabyte, and it comes back."""
    room = alice.make_room()
    position = alice.get(f"streams/{channel(room)}/")
    start, numbers, responses = f"0000000001_{position['offset']:016d}_{position['epoch']}", [], 0
    write(site, alice, room, EVENTS // 4)
    while len(numbers) < EVENTS // 4:
        reader = EventReader(site.url + address(room, start), alice.access)
        responses += 1
        while len(numbers) < EVENTS // 4 and (event := reader.next(30)) is not None:
            if event.name == "data":
                batch = len(event.data)
            else:
                start = event.data["streamNextOffset"]
                number = int(start.split("_")[1])
                numbers += range(number - batch + 1, number + 1) if event.name == "control" and batch else ()
                batch = 0
        reader.close()
    first = position["offset"] + 1
    assert numbers == list(range(first, first + EVENTS // 4))
    assert responses == 1 or name == "daphne", responses


def test_a_client_that_leaves_costs_nothing(site: Site, alice: Person) -> None:
    room = alice.make_room()
    readers = [EventReader(site.url + address(room, "now"), alice.access) for _ in range(20)]
    assert wait_until(lambda: connections(site) >= 20)
    for reader in readers:
        reader.close()
    assert wait_until(lambda: connections(site) == 0, 15), "noticed by a comment, after 25 s"


def test_a_client_that_only_reads_goes_on_reading(name: str, site: Site, alice: Person) -> None:
    """It has closed its sending side. `serve` asks by two comments whether it is there; the others take it as gone."""
    room = alice.make_room()
    client = socket.create_connection(("127.0.0.1", site.server.port), timeout=20)
    head = f"Host: localhost\r\nAuthorization: Bearer {alice.access}"
    client.sendall(f"GET {address(room, 'now')} HTTP/1.1\r\n{head}\r\n\r\n".encode())
    received = client.recv(4096)
    client.shutdown(socket.SHUT_WR)
    if name != "serve":
        assert wait_until(lambda: client.recv(4096) == b"")
        client.close()
        return
    while received.count(b":\n\n") < 3:  # the first begins the response
        received += client.recv(4096)
    alice.say(room, "still there?")
    while b"still there?" not in received:
        part = client.recv(4096)
        assert part
        received += part
    client.close()


def refused_while_ending(site: Site, alice: Person, room: str, first: EventReader) -> tuple[int, str]:
    """Begins the end of the process; returns how it answers a request for a response, on a connection that was open."""
    headers = {"Authorization": f"Bearer {alice.access}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=10, trust_env=False) as client:
        assert client.get(f"{API}streams/{channel(room)}/").status_code == 200
        assert isinstance(site.server, Served)
        site.server.drain()
        first.until("disconnect")
        refused = client.get(address(room, "now"))
        return refused.status_code, refused.json()["code"]


def connections(site: Site) -> float:
    text = httpx.get(f"{site.url}/metrics", trust_env=False, timeout=30).text
    return float(re.findall(r"^tidewire_connections (\S+)$", text, re.M)[0])


def test_a_process_that_ends_lets_its_readers_come_back(name: str, sites: Sites) -> None:
    """`serve` ends the responses spread over time, with the code; behind the others they are cut with the process."""
    site = sites.make("embedded", settings={"DRAIN_SECONDS": "1", "MAX_CONNECTIONS_PER_USER": "0"})
    site.servers = [SERVERS[name](site, site.folder / "server.log")]
    site.start()
    alice = site.person("alice")
    room = alice.make_room()
    alice.say(room, "before")
    readers = [EventReader(site.url + address(room, "now"), alice.access) for _ in range(60)]
    offsets = {reader.until("control").data["streamNextOffset"] for reader in readers}
    began = time.monotonic()
    if name == "serve":
        assert refused_while_ending(site, alice, room, readers[0]) == (503, "draining")
    else:
        site.server.terminate()
    ends = [reader.rest() for reader in readers]
    assert time.monotonic() - began < 20
    if name == "serve":
        assert isinstance(site.server, Served)
        assert site.server.wait_for_end() == 0
        assert [events[-1].data["code"] for events in ends[1:]] == [3001] * 59
    site.start()
    alice.say(room, "after")
    (offset,) = offsets
    back = EventReader(site.url + address(room, offset), alice.access)
    assert [event["data"]["text"] for event in back.until("data").data] == ["after"]
    back.close()
    site.stop()
    site.check_logs()
