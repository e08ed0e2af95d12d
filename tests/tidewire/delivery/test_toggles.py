"""A client that comes and goes is shown a few times at once, and then once a second."""

from __future__ import annotations

import asyncio

import pytest

from tidewire.delivery import toggles as module
from tidewire.delivery.toggles import BURST, Toggles
from tidewire.layer.messages import PresenceChange
from tidewire.protocol.pushes import ClientInfo, JoinPush, LeavePush

ALICE, BOB = ClientInfo("alice", "a"), ClientInfo("bob", "b")


class Sent(list[tuple[str, str]]):
    """(kind, user) of what was published."""

    def publish(self, stream: str, change: PresenceChange) -> None:
        self.append((change.kind, change.info.user))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PER_SECOND", 50.0)


def come_and_go(toggles: Toggles, times: int, info: ClientInfo = ALICE, stream: str = "room:1") -> None:
    for _ in range(times):
        toggles.change(stream, JoinPush(info))
        toggles.change(stream, LeavePush(info))


async def test_the_first_changes_are_shown_at_once_and_further_ones_are_joined():
    sent = Sent()
    toggles = Toggles(sent.publish)
    come_and_go(toggles, 100)
    assert sent == [("join", "alice"), ("leave", "alice")] * (BURST // 2)


async def test_at_last_the_subscribers_see_what_is_true(quick):
    sent = Sent()
    toggles = Toggles(sent.publish)
    come_and_go(toggles, 100)
    toggles.change("room:1", JoinPush(ALICE))
    async with asyncio.timeout(5):
        while len(sent) == BURST:  # noqa: ASYNC110  the clock is all it waits for
            await asyncio.sleep(0.001)
    assert sent[BURST:] == [("join", "alice")]


async def test_a_client_that_ends_as_it_was_shown_is_not_shown_again(quick):
    sent = Sent()
    toggles = Toggles(sent.publish)
    come_and_go(toggles, 100)
    await asyncio.sleep(0.1)
    assert len(sent) == BURST


async def test_others_and_other_streams_do_not_wait():
    sent = Sent()
    toggles = Toggles(sent.publish)
    come_and_go(toggles, 100)
    come_and_go(toggles, 1, BOB)
    come_and_go(toggles, 1, ALICE, "room:2")
    assert sent[BURST:] == [("join", "bob"), ("leave", "bob"), ("join", "alice"), ("leave", "alice")]


async def test_only_clients_that_left_are_remembered_and_not_for_long(monkeypatch):
    toggles = Toggles(Sent().publish)
    for number in range(100):
        toggles.change("room:1", JoinPush(ClientInfo("crowd", f"{number}")))
    assert len(toggles) == 0
    monkeypatch.setattr(module, "MAX_REMEMBERED", 10)
    for number in range(100):
        toggles.change("room:1", LeavePush(ClientInfo("crowd", f"{number}")))
    assert len(toggles) == 10
    monkeypatch.setattr(module, "REMEMBER_SECONDS", -1.0)
    toggles.change("room:1", LeavePush(BOB))
    assert len(toggles) == 0
