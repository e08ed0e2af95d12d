"""Measures how long writes take, and whether an event was pushed or found by a poll."""

from __future__ import annotations

import time

from tests.rig.rest import Person, channel
from tests.sdk.agents import SdkClient

# The poll is so slow that the clock tells a push from a poll.
POLL_SECONDS = 2.0
PUSH_SECONDS = 0.7


def timed_writes(person: Person, room: str, count: int) -> list[float]:
    """Posts `count` messages. Returns how many seconds each took. Fails on a status other than 2xx."""
    took = []
    for number in range(count):
        began = time.monotonic()
        person.say(room, f"message {number}")
        took.append(time.monotonic() - began)
    return took


def seconds_to_arrive(client: SdkClient, person: Person, room: str) -> float:
    """Posts a message. Returns the seconds from its answer to its event; negative when the event came first."""
    id = person.say(room, "by push or by poll?")["id"]
    answered = time.monotonic()
    event = client.wait_for("publication", channel(room), where=lambda event: event.data["data"].get("id") == id)
    return event.at - answered


def wait_for_push(client: SdkClient, person: Person, room: str, seconds: float = 30.0) -> None:
    """Posts until three events in a row arrive faster than a poll could bring them. Fails after `seconds`."""
    deadline, in_a_row = time.monotonic() + seconds, 0
    while in_a_row < 3:
        assert time.monotonic() < deadline, f"no push came within {seconds:.0f} s"
        in_a_row = in_a_row + 1 if seconds_to_arrive(client, person, room) < PUSH_SECONDS else 0
