"""Measures what an open response of server-sent events costs beside an idle socket, on one `serve` with PostgreSQL.

`python -m bench.doors --clients 5000 --events 40` prints, for sockets and for responses: the resident memory of a
client, the server's CPU time of an event for a client, and the database connections that the process holds more than
before. Needs a machine without other load for the CPU time.
"""

from __future__ import annotations

import argparse
import resource
import selectors
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

from tests.rig import servers
from tests.rig.rest import API, Person, channel
from tests.rig.site import Server, Site, Sites
from tests.tidewire.serve.readers import PONG, Reader
from tests.tidewire.serve.served import Served, memory, wait_until

HERTZ = 100
MARK = b'"type":"message.created","id"'
"""Once in each event, on a socket too."""
PING = b"\x81\x02{}"
SETTINGS = {
    "ACCESS_TOKEN_SECONDS": "3600",
    "MAX_CONNECTIONS_PER_USER": "0",
    "ACCEPT_BURST": "10000",
    "ACCEPTS_PER_SECOND": "10000",
    "MAX_UNIDENTIFIED_PER_ADDRESS": "0",
    "RESPONSE_SECONDS": "600",
}
CONNECTIONS = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute(
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    print(*(" ".join(query.split())[:100] for (query,) in cursor.fetchall()), sep="\\n")
"""
"""Prints the last statement of each connection to the database but its own."""


@dataclass(frozen=True)
class Cost:
    """Of one client: bytes, and microseconds of an event. `threads` were started for the clients. `connections` are the
    last statements of all connections to PostgreSQL, and `opened` how many of them were opened for the clients."""

    bytes: float
    microseconds: float
    threads: int
    connections: list[str]
    opened: int


class Crowd:
    """Clients that read everything, answer pings and count the events, in a thread."""

    def __init__(self) -> None:
        self.counts = dict[socket.socket, int]()
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
                self.counts[client] += part.count(MARK)
                for _ in range(part.count(PING)):
                    client.sendall(PONG)


def make_site(sites: Sites, size: str = "grown") -> Site:
    """Returns a site of one `serve`, without limits of connections. It is not started."""
    site = sites.make(size, processes=1, settings=SETTINGS)
    site.servers = list[Server]([Served(site.environment, site.folder / "server.log")])
    return site


def measure(site: Site, kind: str, clients: int, events: int) -> Cost:
    """Measures one of CLIENTS, in a new process."""
    site.start()
    alice = site.person(f"alice-{kind}")
    room = alice.make_room()
    alice.say(room, "a first one")
    pid = site.server.process.pid
    empty, threads, idle = memory(pid), _threads(pid), len(_connections(site))
    crowd = Crowd()
    for _ in range(clients):
        crowd.add(CLIENTS[kind](site, alice, room))
    size = (memory(pid) - empty) / clients
    threads, connections = _threads(pid) - threads, _connections(site)
    before = _processor_seconds(pid)
    for number in range(events):
        alice.say(room, f"event {number}")
        crowd.wait_for(number + 1)
    spent = (_processor_seconds(pid) - before) / max(1, events) / clients * 1e6
    crowd.close()
    site.server.terminate()
    return Cost(size, spent, threads, connections, len(connections) - idle)


def _response(site: Site, person: Person, room: str) -> socket.socket:
    path = f"{API}streams/{channel(room)}/log/?live=sse&offset=now"
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {person.access}\r\n\r\n".encode()
    client = socket.create_connection(("127.0.0.1", site.server.port), timeout=60)
    client.sendall(request)
    assert client.recv(4096).startswith(b"HTTP/1.1 200")
    return client


def _socket(site: Site, person: Person, room: str) -> socket.socket:
    return Reader(site.server.port, person.access, channel(room)).socket


CLIENTS = {"sockets": _socket, "responses": _response}


def _threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def _connections(site: Site) -> list[str]:
    return site.shell(CONNECTIONS).splitlines() if site.size == "grown" else []


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / HERTZ


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.doors", description=__doc__)
    parser.add_argument("--clients", type=int, default=5000)
    parser.add_argument("--events", type=int, default=40)
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 3 * arguments.clients + 1000), hard))
    sites = Sites(servers.temporary_folder("doors"))
    try:
        site = make_site(sites)
        print(f"{arguments.clients} clients of one room, {arguments.events} events\n")
        print("| | KiB a client | µs an event and client | threads | database connections | opened for the clients |")
        print("|---|---|---|---|---|---|")
        costs = {}
        for kind in CLIENTS:
            cost = costs[kind] = measure(site, kind, arguments.clients, arguments.events)
            numbers = f"{cost.bytes / 1024:.1f} | {cost.microseconds:.1f} | {cost.threads}"
            print(f"| {kind} | {numbers} | {len(cost.connections)} | {cost.opened} |", flush=True)
        print()
        for statement in sorted(costs["responses"].connections):
            print(f"- `{statement}`")
        site.stop()
    finally:
        sites.stop()


if __name__ == "__main__":
    main()
