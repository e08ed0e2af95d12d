"""One quota counts requests to all processes, over REST and sockets. Without Redis, no request waits for the count."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.rig.raw import RawSocket
from tests.rig.rest import channel
from tests.rig.site import Site
from tests.scenarios.conftest import People

QUOTA = 12

pytestmark = pytest.mark.site(settings={"REQUESTS_PER_KEY": str(QUOTA)}, own_redis=True)


@pytest.mark.shown_on("grown")
def test_a_quota_is_one_for_all_processes_and_for_sockets(
    site: Site, people: People, raw: Callable[[str], RawSocket]
) -> None:
    alice = people[0]
    room = alice.make_room()
    made = alice.post("keys/", {"name": "Robot", "scopes": ["streams:read", "rooms:read"], "stream": channel(room)})
    programs = [alice.at(server.url) for server in site.servers]
    for program in programs:
        program.access = made["key"]
    left = []
    for number in range(QUOTA - 1):
        response = programs[number % len(programs)].send("GET", f"rooms/{room}/")
        assert response.status_code == 200
        left.append(int(response.headers["RateLimit"].partition("r=")[2].partition(";")[0]))
    assert left == list(range(QUOTA - 1, 0, -1))

    socket = raw(site.servers[-1].ws_url)
    socket.connect(made["key"])
    assert "subscribe" in socket.subscribe(channel(room))
    socket.send({"id": 3, "history": {"channel": channel(room)}}, {"id": 4, "history": {"channel": channel(room)}})
    assert "history" in socket.reply(3)
    assert socket.reply(4)["error"] == {"code": 111, "message": "too many requests", "temporary": True}
    refused = programs[0].send("GET", f"rooms/{room}/")
    assert refused.status_code == 429
    assert refused.json()["violated-policies"] == ["key"]
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    for program in programs:
        program.close()


@pytest.mark.only_size("grown")
@pytest.mark.allows_in_log("redis", "ConnectionError")
def test_no_request_waits_for_redis(site: Site, people: People) -> None:
    alice = people[0]
    room = alice.make_room()
    key = alice.post("keys/", {"name": "Robot", "scopes": ["rooms:read"], "stream": channel(room)})["key"]
    program = alice.at(site.server.url)
    program.access = key
    site.redis.pause()
    try:
        began = time.monotonic()
        for _ in range(QUOTA):
            assert program.send("GET", f"rooms/{room}/").status_code == 200
        assert time.monotonic() - began < QUOTA * 1.0
        assert program.send("GET", f"rooms/{room}/").status_code == 429  # counted by this process meanwhile
    finally:
        site.redis.resume()
        program.close()
