"""A thousand hops of clients between this server and nodes of Centrifugo, in the middle of streams that go on."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.centrifugo.edge import SEED, Edge, rounds
from tests.rig.rest import Person, channel
from tests.rig.verify import figure
from tests.sdk.agents import AGENTS

pytestmark = pytest.mark.verify

ROOMS = 4
CLIENTS = 8
"""Two of each room."""


def test_a_client_that_hops_between_servers_loses_and_repeats_nothing(edge: Edge, people: tuple[Person, ...]) -> None:
    alice = people[0]
    alice.fresh_token()
    rooms = [alice.make_room() for _ in range(ROOMS)]
    readers = edge.site.people(*(f"reader{number}" for number in range(CLIENTS)))
    for number, reader in enumerate(readers):
        alice.add(rooms[number % ROOMS], reader)
    urls, began = [edge.site.ws_url, *(node.ws_url for node in edge.nodes)], time.monotonic()
    times = rounds(1000) // CLIENTS
    stop = threading.Event()
    with ThreadPoolExecutor(ROOMS + CLIENTS) as pool:
        writers = [pool.submit(_write, alice, room, stop) for room in rooms]
        try:
            hops = [pool.submit(_hop, each, rooms[n % ROOMS], urls, times, SEED + n) for n, each in enumerate(readers)]
            found = [hop.result() for hop in hops]
        finally:
            stop.set()
        written = [writer.result() for writer in writers]
    lost = sum(max(0, b - a - 1) for offsets in found for a, b in itertools.pairwise(offsets))
    repeated = sum(b <= a for offsets in found for a, b in itertools.pairwise(offsets))
    figure(
        f"{times * CLIENTS} hops of {CLIENTS} clients among three servers, seed {SEED}, beside {sum(written)} writes: "
        f"{sum(map(len, found))} events, {lost} lost, {repeated} repeated, {time.monotonic() - began:.0f} s"
    )
    assert (lost, repeated) == (0, 0)


def _write(writer: Person, room: str, stop: threading.Event) -> int:
    """Writes until it is stopped. Returns how many messages."""
    written = 0
    while not stop.is_set():
        writer.say(room, "again")
        written += 1
    return written


def _hop(reader: Person, room: str, urls: Sequence[str], times: int, seed: int) -> list[int]:
    """Connects to one server after the other, from the position at which the last connection ended. Returns the offsets
    of all events, and the one that it began after."""
    chance, stream = random.Random(seed), channel(room)
    _, position = reader.messages(room)
    offsets, url = [int(position["offset"])], ""
    for _ in range(times):
        url = chance.choice([other for other in urls if other != url])
        with AGENTS[chance.choice(("py", "py-protobuf"))]() as client:
            client.connect(url, get_token=reader.fresh_token)
            client.subscribe(stream, since={"epoch": position["epoch"], "offset": offsets[-1]})
            client.wait_for_offset(stream, offsets[-1] + chance.randint(1, 5))
            assert client.wait_for("subscribed", stream).recovered
            client.disconnect()
            client.wait_for("disconnected")
            offsets += client.offsets(stream)
    return offsets
