"""Redis frozen: writes take as long as they did, events come by the poll, and after the thaw by push again."""

import statistics
import time

import pytest

from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.rig.verify import figure
from tests.scenarios.conftest import MakeClient, People, follow

POSTS = 400
SHARE, RATIO = 0.99, 1.5
POLL_SECONDS = 1.0
pytestmark = [
    pytest.mark.verify,  # a ratio of times needs a machine that does nothing else
    pytest.mark.only_size("grown"),
    pytest.mark.site(processes=2, own_redis=True, settings={"POLL_SECONDS": str(POLL_SECONDS)}),
]


def posts(person: Person, room: str, count: int) -> list[float]:
    took = []
    for number in range(count):
        began = time.monotonic()
        person.say(room, f"message {number}")
        took.append(time.monotonic() - began)
    return took


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def lateness(client: object, person: Person, room: str, count: int = 10) -> list[float]:
    """Seconds from the answer to the event."""
    late = []
    for number in range(count):
        id = person.say(room, f"how late? {number}")["id"]
        answered = time.monotonic()
        event = client.wait_for("publication", channel(room), where=lambda e, id=id: e.data["data"].get("id") == id)
        late.append(max(0.0, event.at - answered))
    return late


@pytest.mark.parametrize("sdk", ["py"], indirect=True)
def test_a_frozen_redis_costs_writers_nothing(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.servers[1].ws_url, alice, room)
    posts(alice, room, 30)

    healthy, frozen = [], []
    pushed = lateness(client, alice, room)
    for _ in range(4):  # in turns, so that a noisy minute of the machine hits both
        healthy += posts(alice, room, POSTS // 4)
        site.redis.pause()
        try:
            frozen += posts(alice, room, POSTS // 4)
            polled = lateness(client, alice, room, 4)
        finally:
            site.redis.resume()
        assert max(polled) < 2 * POLL_SECONDS + 1

    deadline = time.monotonic() + 20
    while statistics.median(again := lateness(client, alice, room)) > POLL_SECONDS / 4:
        assert time.monotonic() < deadline, f"no push came back: {again}"
    ratio = percentile(frozen, SHARE) / percentile(healthy, SHARE)
    figure(
        f"p{SHARE * 100:.0f} of POST: {percentile(healthy, SHARE) * 1000:.1f} ms healthy, "
        f"{percentile(frozen, SHARE) * 1000:.1f} ms frozen, ratio {ratio:.2f}; event after the answer: median "
        f"{statistics.median(pushed) * 1000:.0f} ms pushed, {statistics.median(polled) * 1000:.0f} ms polled, "
        f"{statistics.median(again) * 1000:.0f} ms after the thaw"
    )
    assert ratio <= RATIO
    offsets = client.offsets(channel(room))
    assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))
