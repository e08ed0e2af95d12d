"""Measures the resident memory of an idle socket with a token at a node of Centrifugo, beside one at our own `serve`.

`python -m bench.edge --clients 5000 --wide 1000` opens 5,000 sockets with one room each at one node and at one `serve`,
and 1,000 with ten, and prints what the process has grown by, divided by their number. Each figure has a process of its
own. Needs Centrifugo, see docs/centrifugo.md; CENTRIFUGO names its program.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import resource
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from bench.doors import SETTINGS, Crowd
from tests.centrifugo import edge as edges
from tests.centrifugo.edge import Edge
from tests.rig import servers
from tests.rig.rest import Person, channel
from tests.rig.site import Server, Site, Sites
from tests.tidewire.serve.served import Served, memory

WIDE = 10
"""Rooms of a socket with more than one."""
WARM = 50
"""Sockets that come and go before the first measurement: what they leave is no cost of a socket."""
THREADS = 8
TEMPORARY = '"temporary":true'
SETTLE_SECONDS = 5.0
"""After the last socket, for what the runtime gives back."""


def measure(pid: int, port: int, person: Person, channels: Sequence[str], clients: int) -> float:
    """Returns the bytes of one socket. All have the same channels."""

    def add(crowd: Crowd, count: int) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            for each in pool.map(lambda _: connected(port, person.access, channels), range(count)):
                crowd.add(each)

    warm = Crowd()
    add(warm, WARM)
    warm.close()
    time.sleep(SETTLE_SECONDS)
    before, crowd = memory(pid), Crowd()
    add(crowd, clients)
    time.sleep(SETTLE_SECONDS)
    grown = memory(pid) - before
    failures = crowd.failures
    crowd.close()
    assert failures == [], failures[:3]
    return grown / clients


def connected(port: int, token: str, channels: Sequence[str]) -> socket.socket:
    """Returns a socket that has connected and subscribed. Tries again when a node had no answer in time. Raises
    ConnectionError when it was refused otherwise."""
    while True:
        try:
            return _connected(port, token, channels)
        except ConnectionError as error:
            if TEMPORARY not in str(error):
                raise


def _connected(port: int, token: str, channels: Sequence[str]) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    key = base64.b64encode(os.urandom(16))
    client.sendall(
        b"GET /connection/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n"
    )
    answer = client.recv(1 << 16)  # Centrifugo refuses a client that sends more before it
    commands = [{"id": 1, "connect": {"token": token}}]
    commands += [{"id": id, "subscribe": {"channel": each}} for id, each in enumerate(channels, 2)]
    text = "\n".join(map(json.dumps, commands)).encode()
    client.sendall(b"\x81" + bytes((0x80 | 126,)) + len(text).to_bytes(2, "big") + b"\0\0\0\0" + text)
    while answer.count(b'"subscribe":{') < len(channels):
        part = client.recv(1 << 16)
        answer += part
        if not part or b'"error"' in answer or b'"disconnect"' in answer:
            client.close()
            raise ConnectionError(answer[-500:].decode(errors="replace"))
    return client


def make_edge(sites: Sites) -> Edge:
    port = servers.free_port()
    site = sites.make("grown", processes=1, settings={**edges.settings([port]), **SETTINGS})
    site.servers = list[Server]([Served(site.environment, site.folder / "server.log")])
    site.start()
    edge = Edge(site, [port])
    edge.start()
    return edge


def at_serve(site: Site, person: Person, channels: Sequence[str], clients: int) -> float:
    site.server.terminate()
    site.start()
    return measure(site.server.process.pid, site.server.port, person, channels, clients)


def at_node(edge: Edge, person: Person, channels: Sequence[str], clients: int) -> float:
    node = edge.nodes[0]
    node.stop()
    node.start()
    return measure(node.process.pid, node.port, person, channels, clients)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.edge", description=__doc__)
    parser.add_argument("--clients", type=int, default=5000)
    parser.add_argument("--wide", type=int, default=1000)
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 3 * arguments.clients + 1000), hard))
    sites = Sites(servers.temporary_folder("edge"))
    try:
        edge = make_edge(sites)
        alice = edge.site.person("alice")
        channels = [channel(alice.make_room()) for _ in range(WIDE)]
        print(f"{datetime.now(UTC):%Y-%m-%d %H:%M}, load {os.getloadavg()[0]:.1f}\n")
        print("| sockets | subscriptions of each | at a node, KiB a socket | at `serve` |\n|--:|--:|--:|--:|")
        for count, clients in ((1, arguments.clients), (WIDE, arguments.wide)):
            theirs = at_node(edge, alice, channels[:count], clients)
            ours = at_serve(edge.site, alice, channels[:count], clients)
            print(f"| {clients} | {count} | {theirs / 1024:.1f} | {ours / 1024:.1f} |", flush=True)
        edge.stop()
        edge.site.stop()
    finally:
        sites.stop()


if __name__ == "__main__":
    main()
