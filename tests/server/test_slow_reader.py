"""One slow client harms nobody: its memory is bounded, and the others lose nothing, on every server."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig.rest import channel
from tests.rig.site import Server, Site, Sites
from tests.server.readers import Crowd, Reader
from tests.server.served import VERIFY, Other, Served, memory, wait_until

MIB = 1024 * 1024
EVENTS, READERS = (50_000, 100) if VERIFY else (6_000, 10)
BATCH = 500
PER_COMMAND = 2_000

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


@pytest.fixture(params=SERVERS)
def site(request: pytest.FixtureRequest, sites: Sites) -> Site:
    site = sites.make("embedded", settings={"MAX_CONNECTIONS_PER_USER": "0", "ACCESS_TOKEN_SECONDS": "3600"})
    site.servers = [SERVERS[request.param](site, site.folder / "server.log")]
    site.start()
    yield site
    site.stop()
    site.check_logs()


def test_a_stalled_reader_costs_little_and_the_others_lose_nothing(site: Site) -> None:
    alice = site.person("alice")
    room, token = alice.make_room(), alice.fresh_token()

    def reader() -> Reader:
        return Reader(site.server.port, token, channel(room))

    crowd = Crowd([reader() for _ in range(READERS)])
    without = peak(site, crowd, alice.id, room, EVENTS)
    stalled = reader()
    stalled.stall()
    with_it = peak(site, crowd, alice.id, room, 2 * EVENTS)
    crowd.stop()

    assert {each.close_code for each in crowd.readers} == {0}
    for each in crowd.readers:
        first = each.offsets[0]
        assert each.offsets == list(range(first, first + 2 * EVENTS))
    print(f"{READERS} readers, {EVENTS} events: {without / MIB:.1f} MiB, beside a stalled one {with_it / MIB:.1f} MiB")
    assert with_it - without < 10 * MIB
    stalled.socket.close()


def peak(site: Site, crowd: Crowd, author: str, room: str, count: int) -> int:
    """The most memory that the server took while EVENTS events went to the crowd."""
    most = 0

    def has_all() -> bool:
        nonlocal most
        most = max(most, memory(site.server.process))
        return crowd.have(count)

    for _ in range(EVENTS // PER_COMMAND):
        site.shell(WRITE.format(room=room, author=author, events=PER_COMMAND, batch=BATCH))
    assert wait_until(has_all, 600), [len(reader.offsets) for reader in crowd.readers]
    return most
