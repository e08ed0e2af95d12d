"""What happens to a subscribe while the log is being read for it."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from tidewire.delivery.hub import StreamState
from tidewire.delivery.recovery import Recovery
from tidewire.ground.positions import Position
from tidewire.protocol.codes import ErrorCode
from tidewire.protocol.requests import SubscribeRequest

ROOM = "room:1"


class FakeHub:
    """A registry, as far as Recovery sees it: a stream that nobody subscribes to is forgotten."""

    def __init__(self) -> None:
        self._states: dict[str, StreamState] = {}
        self.is_deaf = False
        self.revocations = SimpleNamespace(apply=self._nothing)

    async def _nothing(self, *_: Any) -> None: ...

    joined = _nothing

    def watch(self, subscription: Any) -> StreamState:
        return self._states.setdefault(subscription.stream, StreamState(subscription.stream))

    def unwatch(self, subscription: Any) -> None:
        self._states.pop(subscription.stream, None)

    def state(self, name: str) -> StreamState | None:
        return self._states.get(name)

    def learn(self, position: Position) -> None:
        if state := self._states.get(position.channel):
            state.epoch, state.offset, state.head = position.epoch, position.offset, position.offset


class FakeReader:
    """`meanwhile` is called while access is asked."""

    def __init__(self, meanwhile: Any) -> None:
        self._meanwhile = meanwhile
        self.known: list[dict[str, Position]] = []

    async def admit(self, user_id: str, names: list[str], look: Any) -> dict[str, Position]:
        known = look()
        self._meanwhile()
        self.known.append(known)
        return {name: known.get(name) or Position(name, "e", 7) for name in names}


def subscription() -> Any:
    return SimpleNamespace(stream=ROOM, is_ended=False, send_queue=SimpleNamespace(has_room=True), suspensions=0)


async def test_a_client_that_leaves_while_it_is_admitted_is_no_error() -> None:
    hub, leaving = FakeHub(), subscription()

    def leave() -> None:
        leaving.is_ended = True
        hub.unwatch(leaving)

    recovery = Recovery(hub, FakeReader(leave))
    (outcome,) = await recovery.subscribe("u", [(leaving, SubscribeRequest(ROOM, recover=True, epoch="e", offset=3))])

    assert outcome.error is ErrorCode.INTERNAL
    assert hub.state(ROOM) is None


async def test_a_database_that_is_away_is_one_line_and_the_clients_ask_again(caplog: pytest.LogCaptureFixture) -> None:
    hub = FakeHub()

    def be_away() -> None:
        raise OperationalError("terminating connection due to administrator command")

    recovery = Recovery(hub, FakeReader(be_away))
    with caplog.at_level(logging.WARNING, "tidewire"):
        (outcome,) = await recovery.subscribe("u", [(subscription(), SubscribeRequest(ROOM))])

    assert outcome.error is ErrorCode.INTERNAL
    assert hub.state(ROOM) is None
    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)]


@pytest.mark.parametrize(
    ("request_", "is_known"),
    [
        (SubscribeRequest(ROOM), True),
        (SubscribeRequest(ROOM, recover=True, epoch="e", offset=5), True),
        (SubscribeRequest(ROOM, recover=True, offset=7), True),
        (SubscribeRequest(ROOM, recover=True, epoch="e", offset=8), False),  # it has read what we have not heard of
        (SubscribeRequest(ROOM, recover=True, epoch="another", offset=5), False),
    ],
)
async def test_where_a_stream_stands_that_is_followed_already_is_not_asked(request_, is_known) -> None:
    hub, reader = FakeHub(), FakeReader(lambda: None)
    recovery = Recovery(hub, reader)
    hub.watch(subscription())
    hub.learn(Position(ROOM, "e", 7))
    recovery._read_first_pages = hub._nothing
    await recovery.subscribe("u", [(subscription(), request_)])
    assert reader.known == [{ROOM: Position(ROOM, "e", 7)} if is_known else {}]


async def test_a_hub_that_hears_nothing_asks_the_log() -> None:
    hub, reader = FakeHub(), FakeReader(lambda: None)
    hub.watch(subscription())
    hub.learn(Position(ROOM, "e", 7))
    hub.is_deaf = True
    await Recovery(hub, reader).subscribe("u", [(subscription(), SubscribeRequest(ROOM))])
    assert reader.known == [{}]
