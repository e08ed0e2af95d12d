"""What happens to a subscribe while the log is being read for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

import pytest

from tests.tidewire.in_memory import Client, Log, engine_on
from tidewire.delivery.log_reader import KnownPositions, LogUnavailableError
from tidewire.engine.engine import Engine
from tidewire.ground.positions import Position
from tidewire.protocol.codes import ErrorCode
from tidewire.protocol.requests import SubscribeRequest

ROOM = "room:1"


class WatchedLog(Log):
    """`meanwhile` is called while access is read; `known` holds the positions that needed no reading."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.meanwhile = meanwhile
        self.known: list[dict[str, Position]] = []

    async def readable_positions(
        self, user_id: str, names: Collection[str], known: KnownPositions = dict
    ) -> dict[str, Position]:
        positions = dict(known())
        self.meanwhile()
        self.known.append(positions)
        return {name: positions.get(name) or Position(name, "e", 7) for name in names}


@pytest.fixture
async def log() -> WatchedLog:
    log = WatchedLog()
    log.stored(ROOM).epoch = "e"
    log.write(ROOM, 7)
    return log


@pytest.fixture
async def engine(log) -> Engine:
    return engine_on(log)


def follow(engine: Engine) -> None:
    """Another client follows the room: its position is known here."""
    engine.subscriptions.add(Client("bob").subscription(ROOM))
    engine.hub.update_head(Position(ROOM, "e", 7))


async def test_a_client_that_leaves_while_access_is_read_is_no_error(engine, log) -> None:
    leaving = Client().subscription(ROOM)

    def leave() -> None:
        leaving.drop()
        engine.subscriptions.discard(leaving)

    log.meanwhile = leave
    request = SubscribeRequest(ROOM, recover=True, epoch="e", offset=3)
    (outcome,) = await engine.recovery.subscribe("u", [(leaving, request)])

    assert outcome.error is ErrorCode.INTERNAL
    assert engine.subscriptions.state(ROOM) is None


async def test_a_database_that_is_away_is_one_line_in_the_log(engine, log, caplog: pytest.LogCaptureFixture) -> None:
    """The clients get a temporary error and ask again."""

    def be_away() -> None:
        raise LogUnavailableError("terminating connection due to administrator command")

    log.meanwhile = be_away
    with caplog.at_level(logging.WARNING, "tidewire"):
        (outcome,) = await engine.recovery.subscribe("u", [(Client().subscription(ROOM), SubscribeRequest(ROOM))])

    assert outcome.error is ErrorCode.INTERNAL
    assert engine.subscriptions.state(ROOM) is None
    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)]


@pytest.mark.parametrize(
    ("request_", "is_known"),
    [
        (SubscribeRequest(ROOM), True),
        (SubscribeRequest(ROOM, recover=True, epoch="e", offset=5), True),
        (SubscribeRequest(ROOM, recover=True, offset=7), True),
        (SubscribeRequest(ROOM, recover=True, epoch="e", offset=8), False),  # it has read what has not arrived here
        (SubscribeRequest(ROOM, recover=True, epoch="another", offset=5), False),
    ],
)
async def test_the_position_of_a_stream_that_is_followed_here_is_not_read(engine, log, request_, is_known) -> None:
    follow(engine)
    await engine.recovery.subscribe("u", [(Client().subscription(ROOM), request_)])
    assert log.known == [{ROOM: Position(ROOM, "e", 7)} if is_known else {}]


async def test_while_the_layer_is_away_the_position_is_read(engine, log) -> None:
    follow(engine)
    engine.hub._mailbox._received_at -= 1e6
    assert engine.hub.is_deaf
    await engine.recovery.subscribe("u", [(Client().subscription(ROOM), SubscribeRequest(ROOM))])
    assert log.known == [{}]
