"""What an open response costs beside an idle socket: memory, database connections, and the time of an event."""

from __future__ import annotations

import resource
import selectors
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.rest import API, Person, channel
from tests.rig.site import Server, Site, Sites
from tests.rig.verify import figure
from tests.tidewire.serve.readers import PONG, Reader
from tests.tidewire.serve.served import Served, memory, wait_until

CROWD = 5_000
EVENTS = 40
HERTZ = 100
MOST_MEMORY = 1.5
MOST_TIME = 1.5
MOST_CONNECTIONS = 5
pytestmark = pytest.mark.verify  # the time of an event is compared, so the machine must have no other load


@pytest.fixture
def site(sites: Sites) -> Iterator[Site]:
    settings = {
        "ACCESS_TOKEN_SECONDS": "3600",
        "MAX_CONNECTIONS_PER_USER": "0",
        "ACCEPT_BURST": "10000",
        "ACCEPTS_PER_SECOND": "10000",
        "MAX_UNIDENTIFIED_PER_ADDRESS": "0",
        "RESPONSE_SECONDS": "600",
    }
    site = sites.make("grown", processes=1, settings=settings)
    site.servers = list[Server]([Served(site.environment, site.folder / "server.log")])
    yield site
    site.stop()
    site.check_logs()


class Crowd:
    """Clients that read everything, answer pings and count the events, in a thread."""

    def __init__(self, mark: bytes) -> None:
        self._mark, self.counts = mark, dict[socket.socket, int]()
        self._selector = selectors.DefaultSelector()
        self._is_over = False
        self.failures: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def add(self, client: socket.socket) -> None:
        client.setblocking(False)
        self.counts[client] = 0
        self._selector.register(client, selectors.EVENT_READ)

    def wait_for(self, count: int) -> None:
        """Waits until each client has so many events."""
        assert wait_until(lambda: bool(self.failures) or min(list(self.counts.values())) >= count, 120)
        assert self.failures == []

    def close(self) -> None:
        self._is_over = True
        self._thread.join()
        for each in self.counts:
            each.close()

    def _read(self) -> None:
        while not self._is_over:
            for key, _ in self._selector.select(timeout=0.05):
                client = key.fileobj
                assert isinstance(client, socket.socket)
                try:
                    part = client.recv(1 << 16)
                except OSError as error:
                    part, self.failures = b"", [*self.failures, str(error)]
                if not part:
                    self._selector.unregister(client)
                    self.failures.append("a client was cut off")
                self.counts[client] += part.count(self._mark)
                for _ in range(part.count(PING)):
                    client.sendall(PONG)


PING = b"\x81\x02{}"


def response(site: Site, person: Person, room: str) -> socket.socket:
    path = f"{API}streams/{channel(room)}/log/?live=sse&offset=now"
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {person.access}\r\n\r\n".encode()
    client = socket.create_connection(("127.0.0.1", site.server.port), timeout=60)
    client.sendall(request)
    assert client.recv(4096).startswith(b"HTTP/1.1 200")
    return client


def reader(site: Site, person: Person, room: str) -> socket.socket:
    return Reader(site.server.port, person.access, channel(room)).socket


CLIENTS = {"responses": response, "sockets": reader}


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / HERTZ


def measured(site: Site, kind: str) -> tuple[float, float, int]:
    """Returns bytes and microseconds per event of one client, in a new process; and how many database connections more
    the process has with the clients than without."""
    site.start()
    alice = site.person(f"alice-{kind}")
    room = alice.make_room()
    alice.say(room, "a first one")
    pid = site.server.process.pid
    empty, idle = memory(pid), int(site.shell(CONNECTIONS))
    crowd = Crowd(b'"type":"message.created","id"')  # once in each event, on a socket too
    for _ in range(CROWD):
        crowd.add(CLIENTS[kind](site, alice, room))
    size = (memory(pid) - empty) / CROWD
    connections = int(site.shell(CONNECTIONS)) - idle
    before = processor_seconds(pid)
    for number in range(EVENTS):
        alice.say(room, f"event {number}")
        crowd.wait_for(number + 1)
    spent = (processor_seconds(pid) - before) / EVENTS / CROWD * 1e6
    crowd.close()
    site.server.terminate()
    return size, spent, connections


CONNECTIONS = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()")
    print(cursor.fetchone()[0])
"""


def test_a_response_costs_about_what_a_socket_costs(site: Site) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 3 * CROWD + 1000), hard))
    try:
        socket_bytes, socket_time, _ = measured(site, "sockets")
        response_bytes, response_time, connections = measured(site, "responses")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    figure(
        f"{CROWD} clients: {response_bytes / 1024:.1f} KiB a response, {socket_bytes / 1024:.1f} KiB a socket; an event"
        f" {response_time:.0f} µs a response, {socket_time:.0f} µs a socket; {connections} more database connections"
    )
    assert response_bytes < MOST_MEMORY * socket_bytes
    assert response_time < MOST_TIME * socket_time
    assert connections <= MOST_CONNECTIONS
