"""What processes share outlives any of them: presence, ephemeral messages, sign-outs, lost access, counted guesses."""

import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.rig.verify import IS_VERIFY
from tests.scenarios.conftest import MakeClient, People, follow
from tests.soak.failpoints import APP, KILL_AFTER_NEXT_COMMIT, PRESENCE

POLL_SECONDS = 1.0
CLOSE_SECONDS = 2.0 if IS_VERIFY else 15.0  # a busy machine may be slow
PRESENCE_SECONDS = 5.0
FORCED, SERVER_UNSUBSCRIBE = 3503, 2000
pytestmark = [
    pytest.mark.only_size("grown"),
    pytest.mark.site(
        processes=2,
        settings={"TIDEWIRE_EXTRA_APPS": APP, "POLL_SECONDS": str(POLL_SECONDS), PRESENCE: str(PRESENCE_SECONDS)},
    ),
]


@pytest.fixture
def crash(site: Site) -> Iterator[Callable[[Person, str, Callable[[], object]], None]]:
    """Lets the first process die between COMMIT of `what` and its publishing. After the test it is started again."""

    def crash(alice: Person, room: str, what: Callable[[], object]) -> None:
        alice.say(room, KILL_AFTER_NEXT_COMMIT)
        with pytest.raises(httpx.TransportError):
            what()
        site.servers[0].process.wait(10)

    yield crash
    if site.servers[0].process.poll() is not None:
        site.servers[0].start()


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda alice, bob, room: bob.post("token/blacklist/", {"refresh": bob.refresh}), FORCED),
        (lambda alice, bob, room: alice.remove(room, bob), SERVER_UNSUBSCRIBE),
    ],
    ids=["signed out", "removed"],
)
def test_a_revocation_holds_everywhere_when_the_process_dies_that_committed_it(
    site: Site, people: People, room: str, raw, crash, end, code: int
) -> None:
    alice, bob = people[0], site.at(site.servers[0], people[1])
    bob.log_in()  # a session of its own to end
    there = site.at(site.servers[1], alice)
    socket = raw(site.servers[1].ws_url)
    socket.connect(bob.access)
    assert "subscribe" in socket.subscribe(channel(room))

    crash(alice, room, lambda: end(alice, bob, room))
    ended = time.monotonic()
    for number in range(5):
        there.say(room, f"not for bob {number}")

    publications, ended_with = socket.publications_to_the_end()
    texts = [text for pub in publications if (text := pub["data"]["data"].get("text"))]
    assert (ended_with, texts) == (code, [KILL_AFTER_NEXT_COMMIT])
    assert time.monotonic() - ended < CLOSE_SECONDS


@pytest.mark.parametrize("sdk", ["py"], indirect=True)
def test_clients_of_a_crashed_process_leave_presence_soon(
    site: Site, people: People, room: str, sdk: MakeClient
) -> None:
    alice, bob, _ = people
    here, crashed = sdk(), sdk()
    crashed.connect(site.servers[0].ws_url, token=bob.access)
    crashed.subscribe(channel(room))
    crashed.wait_for("subscribed", channel(room))
    here.connect(site.servers[1].ws_url, token=alice.access)
    here.subscribe(channel(room), joins=True)
    here.wait_for("join", channel(room), where=lambda event: event.info["user"] == alice.id)
    assert here.presence_stats(channel(room)) == (2, 2)

    site.servers[0].kill()
    try:
        left = here.wait_for("leave", channel(room), timeout=4 * PRESENCE_SECONDS)
        assert left.info["user"] == bob.id
        assert here.presence_stats(channel(room)) == (1, 1)
    finally:
        site.servers[0].start()


@pytest.mark.parametrize("sdk", ["py"], indirect=True)
def test_ephemeral_messages_pass_again_after_a_crash(site: Site, people: People, room: str, sdk: MakeClient) -> None:
    alice, bob, _ = people
    here, there = sdk(), sdk()
    follow(here, site.servers[1].ws_url, alice, room)
    follow(there, site.servers[0].ws_url, bob, room)
    mark = len(there.events)
    site.servers[0].kill()
    there.wait_for("connecting", after=mark)
    site.servers[0].start()
    there.wait_for("subscribed", channel(room), after=mark)

    there.publish(channel(room), {"type": "typing", "data": {"is_typing": True}})
    assert here.wait_for_type(channel(room), "typing").info["user"] == bob.id


def test_guesses_are_counted_over_processes_and_crashes(site: Site, people: People) -> None:
    *_, charlie = people

    def guess(server: int) -> int:
        body = {"email": charlie.email, "password": "wrong"}
        return site.at(site.servers[server], charlie).send("POST", "token/", body, signed=False).status_code

    before = [guess(0) for _ in range(3)]
    site.servers[0].kill()
    try:
        assert [*before, guess(1), guess(1), guess(1)] == [401] * 5 + [429]
    finally:
        site.servers[0].start()
