"""A single request is asked about at once; requests of a crowd are asked about together."""

import asyncio

import pytest

from tidewire.delivery.access_checks import BATCH_NAMES, CONCURRENT_BATCHES, AccessChecks
from tidewire.ground.positions import Position


class Database:
    """Answers when `go` is set. `batches` holds the users that it was asked about."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def ask(self, requests):
        self.batches.append([request.user_id for request in requests])
        await self.go.wait()
        if self.error:
            raise self.error
        return [{name: Position(name, request.user_id, 0) for name in request.names} for request in requests]


async def crowd(access_checks: AccessChecks, users: list[str], names=("room:a",)) -> list[asyncio.Task]:
    tasks = [asyncio.create_task(access_checks.readable_positions(user, names)) for user in users]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_requests_that_come_while_the_database_answers_are_asked_about_together():
    database = Database()
    access_checks = AccessChecks(database.ask)
    tasks = []
    for user in "ab":
        tasks += await crowd(access_checks, [user])
    tasks += await crowd(access_checks, [str(number) for number in range(100)])
    assert database.batches == [["a"], ["b"]]
    database.go.set()
    answers = await asyncio.gather(*tasks)
    assert sorted(map(len, database.batches)) == [1, 1, 100]
    assert CONCURRENT_BATCHES == 2
    assert [answer["room:a"].epoch for answer in answers] == ["a", "b", *map(str, range(100))]


async def test_a_batch_is_bounded_and_holds_at_least_one_request():
    database = Database()
    access_checks = AccessChecks(database.ask)
    database.go.set()
    many = [f"room:{number}" for number in range(BATCH_NAMES + 1)]
    half = many[: BATCH_NAMES // 2]
    assert len(await access_checks.readable_positions("a", many)) == BATCH_NAMES + 1
    database.go.clear()
    tasks = await crowd(access_checks, ["x", "y"]) + await crowd(access_checks, ["b", "c", "d"], half)
    database.go.set()
    await asyncio.gather(*tasks)
    assert max(map(len, database.batches)) == 2


async def test_a_failure_is_raised_for_the_whole_batch_and_the_next_one_is_asked_about():
    database = Database()
    access_checks = AccessChecks(database.ask)
    tasks = await crowd(access_checks, ["a", "b", "c", "d"])
    database.error = ConnectionError("away")
    database.go.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(result) for result in results} == {ConnectionError}
    database.error = None
    assert await access_checks.readable_positions("a", ["room:a"]) == {"room:a": Position("room:a", "a", 0)}


async def test_a_request_that_was_cancelled_meanwhile_is_not_asked_about():
    database = Database()
    access_checks = AccessChecks(database.ask)
    first = await crowd(access_checks, ["a"]) + await crowd(access_checks, ["b"])
    gone, stays = await crowd(access_checks, ["gone", "stays"])
    gone.cancel()
    await asyncio.sleep(0)
    database.go.set()
    await asyncio.gather(*first, stays)
    assert database.batches[-1] == ["stays"]
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_known_positions_are_taken_right_before_the_batch_is_asked_about():
    """By then the answers to earlier batches may have made more positions known."""
    known: dict[str, Position] = {}
    asked: list[list[dict[str, Position]]] = []
    go = asyncio.Event()

    async def ask(requests):
        asked.append([dict(request.known) for request in requests])
        await go.wait()
        return [{name: Position(name, "e", 7) for name in request.names} for request in requests]

    async def come() -> None:
        known.update(await access_checks.readable_positions("a", ["room:a"], lambda: known))

    access_checks, tasks = AccessChecks(ask), []
    for _ in range(CONCURRENT_BATCHES + 5):
        tasks.append(asyncio.create_task(come()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*tasks)
    assert asked == [[{}], [{}], [{"room:a": Position("room:a", "e", 7)}] * 5]


@pytest.mark.parametrize("turns", range(8))
async def test_a_request_that_comes_while_the_last_batch_is_answered_is_asked_about(turns):
    """No later request may come to start another batch."""
    database = Database()
    access_checks = AccessChecks(database.ask)
    tasks = await crowd(access_checks, ["a"]) + await crowd(access_checks, ["b"])
    database.go.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await asyncio.gather(access_checks.readable_positions("late", ["room:a"]), *tasks)
        await access_checks.readable_positions("later", ["room:a"])
