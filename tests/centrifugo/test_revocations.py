"""A thousand revocations at nodes of Centrifugo, each followed at once by a write that its user must not get.

Many happen beside each other: every guest has a room and a session. A witness at each node reads all rooms, so what a
witness has got was sent by that node to every client that it still had.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from tests.centrifugo.edge import SEED, Edge, rounds
from tests.rig.rest import Person, channel
from tests.rig.verify import figure
from tests.sdk.agents import AGENTS, SdkClient
from tidewire.centrifugo.settling import SETTLE_SECONDS

pytestmark = pytest.mark.verify

GUESTS = 20
"""Revocations beside each other."""


@dataclass
class Guest:
    """A member of a room, at a node."""

    person: Person
    room: str
    client: SdkClient = field(default_factory=AGENTS["py"])

    @property
    def channel(self) -> str:
        return channel(self.room)

    def subscribe(self, agent: str, url: str) -> None:
        self.client.close()
        self.client = AGENTS[agent]()
        self.client.connect(url, get_token=self.person.fresh_token)
        self.client.subscribe(self.channel)
        self.client.wait_for("subscribed", self.channel)

    def has(self, message: str) -> bool:
        return message in _ids(self.client, self.channel)


@dataclass
class Crowd:
    """Guests, the owner of their rooms, and a witness at each node."""

    owner: Person
    guests: list[Guest]
    witnesses: list[SdkClient]
    edge: Edge

    def log_out(self, guest: Guest) -> None:
        guest.person.post("token/blacklist/", {"refresh": guest.person.refresh}, signed=False)

    def log_in(self, guest: Guest) -> None:
        guest.person.log_in()

    def remove(self, guest: Guest) -> None:
        self.owner.remove(guest.room, guest.person)

    def add(self, guest: Guest) -> None:
        self.owner.add(guest.room, guest.person)

    def say(self, guest: Guest) -> str:
        """Writes into the guest's room. Returns the id of the message."""
        return str(self.owner.say(guest.room, "not for the guest")["id"])

    def wait_for(self, guest: Guest, message: str) -> None:
        """Waits until both nodes have sent this message."""
        for witness in self.witnesses:
            witness.wait_for(
                "publication", guest.channel, where=lambda e: e.data["data"].get("id") == message, timeout=60
            )


@pytest.fixture(scope="module")
def crowd(edge: Edge, people: tuple[Person, ...]) -> Iterator[Crowd]:
    alice = people[0]
    alice.fresh_token()
    with ExitStack() as stack:
        guests = []
        for person in edge.site.people(*(f"guest{number}" for number in range(GUESTS))):
            guests.append(Guest(person, alice.make_room()))
            alice.add(guests[-1].room, person)
            stack.callback(lambda guest: guest.client.close(), guests[-1])
        witnesses = [stack.enter_context(AGENTS["py"]()) for _ in edge.nodes]
        for witness, node in zip(witnesses, edge.nodes, strict=True):
            witness.connect(node.ws_url, get_token=alice.fresh_token)
            for guest in guests:
                witness.subscribe(guest.channel)
            witness.wait_for_all("subscribed", [guest.channel for guest in guests])
        yield Crowd(alice, guests, witnesses, edge)


def test_a_session_that_ended_gets_nothing_later(crowd: Crowd) -> None:
    check(crowd, "logouts", crowd.log_out, crowd.log_in, lambda guest: ("disconnected", None))


def test_a_removed_member_gets_nothing_later(crowd: Crowd) -> None:
    check(crowd, "removals", crowd.remove, crowd.add, lambda guest: ("unsubscribed", guest.channel))


def check(
    crowd: Crowd,
    what: str,
    revoke: Callable[[Guest], None],
    undo: Callable[[Guest], None],
    end: Callable[[Guest], tuple[str, str | None]],
) -> None:
    """Revokes half of the thousand. Every other turn waits until each subscription is certain to be made; the others
    revoke what a node has made just now. The nodes must have answered each call of the relay."""
    chance, leaked, done, began = random.Random(SEED), 0, 0, time.monotonic()
    logged = len(crowd.edge.relay_log.read_text())

    def revoke_and_write(guest: Guest) -> str:
        revoke(guest)
        return crowd.say(guest)

    with ThreadPoolExecutor(8) as pool:
        while done < rounds(500):
            crowd.owner.fresh_token()
            agents = [chance.choice(("py", "py-protobuf")) for _ in crowd.guests]
            urls = [chance.choice(crowd.edge.nodes).ws_url for _ in crowd.guests]
            list(pool.map(Guest.subscribe, crowd.guests, agents, urls))
            if done // GUESTS % 2:
                time.sleep(SETTLE_SECONDS)
            secrets = list(pool.map(revoke_and_write, crowd.guests))
            for guest, secret in zip(crowd.guests, secrets, strict=True):
                crowd.wait_for(guest, secret)
                guest.client.wait_for(*end(guest), timeout=60)
                leaked += guest.has(secret)
            list(pool.map(undo, crowd.guests))
            done += GUESTS
    figure(f"{done} {what} with a write at once, seed {SEED}: {leaked} leaked, {time.monotonic() - began:.0f} s")
    assert leaked == 0
    assert "nothing is copied" not in crowd.edge.relay_log.read_text()[logged:]


def _ids(client: SdkClient, channel: str) -> list[str]:
    return [event.data["data"].get("id") for event in client.publications(channel)]
