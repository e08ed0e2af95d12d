"""Redis may lose anything: writes are answered as before, and events arrive by the poll until it is back."""

import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.rig.rest import channel
from tests.rig.site import Server, Site
from tests.scenarios.conftest import MakeClient, People, follow
from tests.scenarios.timing import POLL_SECONDS, timed_writes, wait_for_push
from tests.tidewire.serve.served import wait_until

pytestmark = [
    pytest.mark.only_size("grown"),
    pytest.mark.site(processes=2, own_redis=True, settings={"POLL_SECONDS": str(POLL_SECONDS)}),
]


@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_writes_answer_and_events_arrive_while_redis_is_away(
    site: Site, people: People, room: str, sdk: MakeClient, fault: str
) -> None:
    alice, bob, _ = people
    client = sdk()
    follow(client, site.servers[1].ws_url, bob, room)
    wait_for_push(client, alice, room)
    usual = timed_writes(alice, room, 20)

    (site.redis.kill if fault == "killed" else site.redis.pause)()
    try:
        away = timed_writes(alice, room, 20)
        answered = time.monotonic()
        _, position = alice.messages(room)
        client.wait_for_offset(channel(room), position["offset"], timeout=4 * POLL_SECONDS)
        assert client.events[-1].at - answered < 2 * POLL_SECONDS + 1
        assert max(away) < max(1.0, 5 * max(usual))
    finally:
        (site.redis.start if fault == "killed" else site.redis.resume)()

    wait_for_push(client, alice, room)
    offsets = client.offsets(channel(room))
    assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))


def test_a_client_may_connect_and_subscribe_while_redis_is_away(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    room = alice.make_room()
    site.redis.kill()
    try:
        client = sdk()
        follow(client, site.servers[1].ws_url, alice, room)
        said = alice.say(room, "no Redis")
        assert client.wait_for_type(channel(room), "message.created").data["data"] == said
    finally:
        site.redis.start()


def test_a_flushed_redis_loses_nothing(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.servers[1].ws_url, alice, room)
    for number in range(10):
        if number == 5:
            site.redis.restart()
        alice.say(room, f"message {number}")
    client.wait_for_offset(channel(room), 11)
    assert client.offsets(channel(room)) == list(range(2, 12))


@pytest.mark.parametrize("sdk", ["py"], indirect=True)
def test_a_process_reports_that_it_is_deaf_and_what_it_healed(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    room = alice.make_room()
    server = site.servers[1]
    client = sdk()
    follow(client, server.ws_url, alice, room)
    wait_for_push(client, alice, room)
    assert wait_until(lambda: layer_of(server) == ("ok", 0.0))
    healed = measure(server, "tidewire_events_healed_total")

    site.redis.pause()
    try:
        assert wait_until(lambda: layer_of(server) == ("deaf", 1.0))
        alice.say(room, "found by the poll")
        client.wait_for_offset(channel(room), alice.messages(room)[1]["offset"])
        assert measure(server, "tidewire_events_healed_total") > healed
    finally:
        site.redis.resume()
    assert wait_until(lambda: layer_of(server) == ("ok", 0.0))


def layer_of(server: Server) -> tuple[str, float]:
    """Returns what readiness and the metrics say of the layer. A deaf process is ready all the same: it polls."""
    response = httpx.get(f"{server.url}/readyz", timeout=10, trust_env=False)
    assert response.status_code == 200
    return response.json()["checks"]["layer"], measure(server, "tidewire_layer_deaf")


def measure(server: Server, name: str) -> float:
    """Returns the sum of a series over its labels."""
    text = httpx.get(f"{server.url}/metrics", timeout=10, trust_env=False).text
    families = text_string_to_metric_families(text)
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)
