"""One slow client harms no other: its memory is bounded, and the others lose nothing, on every server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rig.rest import channel
from tests.rig.site import Server, Site, Sites
from tests.rig.verify import IS_VERIFY, figure
from tests.tidewire.serve.readers import Crowd, Reader
from tests.tidewire.serve.served import Other, Served, memory, wait_until

MIB = 1024 * 1024
# A healthy reader may be 1 MiB behind for a moment. The short crowd is so small that this cannot add up to 10 MiB.
EVENTS, READERS = (50_000, 100) if IS_VERIFY else (6_000, 4)
BATCH = 500
PER_COMMAND = 2_000
LOOK_SECONDS = 0.05

WRITE = """
from api.models import Message, Room, User
room, author = Room.objects.get(id="{room}"), User.objects.get(id="{author}")
for start in range(0, {events}, {batch}):
    Message.objects.bulk_create(Message(room=room, author=author, text="x" * 1000) for _ in range({batch}))
"""

SERVERS: dict[str, Callable[[Site, Path], Server]] = {
    "serve": lambda site, log: Served(site.environment, log),
    "daphne": lambda site, log: Other(site.environment, log, "daphne"),
    "uvicorn": lambda site, log: Other(site.environment, log, "uvicorn"),
}


# The other two wait for slow clients in their own ways, which change with their releases and not with this code.
OFTEN = ("serve",)


@pytest.fixture(params=[name if name in OFTEN else pytest.param(name, marks=pytest.mark.verify) for name in SERVERS])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def site(name: str, sites: Sites) -> Iterator[Site]:
    site = sites.make("embedded", settings={"MAX_CONNECTIONS_PER_USER": "0", "ACCESS_TOKEN_SECONDS": "3600"})
    site.servers = [SERVERS[name](site, site.folder / "server.log")]
    site.start()
    yield site
    site.stop()
    site.check_logs()


class Peak:
    """Measures the most memory that a process took while the block ran."""

    def __init__(self, pid: int) -> None:
        self._pid, self.bytes = pid, 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            self.bytes = max(self.bytes, memory(self._pid))

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._is_over.set()
        self._thread.join()


def test_a_stalled_reader_costs_little_and_no_reader_loses_an_event(name: str, site: Site) -> None:
    alice = site.person("alice")
    room, token = alice.make_room(), alice.fresh_token()

    def reader() -> Reader:
        return Reader(site.server.port, token, channel(room))

    crowd = Crowd([reader() for _ in range(READERS)])
    flood(site, crowd, alice.id, room, EVENTS)  # a new process grows anyway
    without = flood(site, crowd, alice.id, room, 2 * EVENTS)
    stalled = reader()
    stalled.stall()
    with_it = flood(site, crowd, alice.id, room, 3 * EVENTS)
    crowd.stop()

    for each in crowd.readers:
        first = each.offsets[0]
        assert each.offsets == list(range(first, first + 3 * EVENTS))
    came_back = sum(each.resumed for each in crowd.readers)
    figure(
        f"{name}, {READERS} readers, {EVENTS} events of 1 KB: at most {without / MIB:.1f} MiB, beside a stalled one "
        f"{with_it / MIB:.1f} MiB; healthy readers had to come back {came_back} times"
    )
    assert with_it - without < 10 * MIB
    check_that_it_was_cut_off_and_recovers(stalled)


def flood(site: Site, crowd: Crowd, author: str, room: str, count: int) -> int:
    """Writes EVENTS events and waits until the crowd has `count`; returns the most memory that the server took."""
    with Peak(site.server.process.pid) as peak:
        for _ in range(EVENTS // PER_COMMAND):
            site.shell(WRITE.format(room=room, author=author, events=PER_COMMAND, batch=BATCH))
        assert wait_until(lambda: crowd.have(count), 600), [len(reader.offsets) for reader in crowd.readers]
    return peak.bytes


def check_that_it_was_cut_off_and_recovers(stalled: Reader) -> None:
    """Lets it read again: it finds what the kernel held and then the end, reconnects and recovers the rest."""
    stalled.wake()
    awake = Crowd([stalled])
    assert wait_until(lambda: awake.have(EVENTS), 300), len(stalled.offsets)
    awake.stop()
    assert stalled.resumed >= 1
    first = stalled.offsets[0]
    assert stalled.offsets == list(range(first, first + EVENTS))
