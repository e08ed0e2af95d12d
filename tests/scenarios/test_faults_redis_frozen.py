"""Redis frozen: writes take no longer, events come by the poll, and after the thaw by push again."""

import statistics
import time

import pytest

from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.rig.verify import figure
from tests.scenarios.conftest import MakeClient, People, follow
from tests.scenarios.timing import seconds_to_arrive, timed_writes
from tests.sdk.agents import SdkClient

POSTS = 400
SHARE, RATIO = 0.99, 1.5
POLL_SECONDS = 1.0
pytestmark = [
    pytest.mark.verify,  # a ratio of times needs a machine that does nothing else
    pytest.mark.only_size("grown"),
    pytest.mark.site(processes=2, own_redis=True, settings={"POLL_SECONDS": str(POLL_SECONDS)}),
]


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def lateness(client: SdkClient, person: Person, room: str, count: int = 10) -> list[float]:
    """Returns the seconds from the answer to the event, for `count` messages; 0 when the event came first."""
    return [max(0.0, seconds_to_arrive(client, person, room)) for _ in range(count)]


@pytest.mark.parametrize("sdk", ["py"], indirect=True)
def test_a_frozen_redis_costs_writers_nothing(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.servers[1].ws_url, alice, room)
    timed_writes(alice, room, 30)

    healthy, frozen = [], []
    pushed = lateness(client, alice, room)
    for _ in range(4):  # in turns, so that a noisy minute of the machine hits both
        healthy += timed_writes(alice, room, POSTS // 4)
        site.redis.pause()
        try:
            frozen += timed_writes(alice, room, POSTS // 4)
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
