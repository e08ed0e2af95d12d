"""Requests of all connections are begun in turns."""

from __future__ import annotations

import asyncio

import pytest

from tidewire.serve.http2.request_turns import TURN_REQUESTS, RequestTurns


class Connection:
    """Notes in `begun` when its requests are begun."""

    def __init__(self, name: str, requests: int, begun: list[str]) -> None:
        self.name, self.requests, self.begun = name, requests, begun
        self.fails = False

    def begin_request(self) -> bool:
        self.requests -= 1
        self.begun.append(self.name)
        if self.fails:
            raise RuntimeError("a request that cannot be begun")
        return self.requests > 0


async def test_a_connection_with_one_request_waits_for_one_of_each_other() -> None:
    begun: list[str] = []
    turns = RequestTurns()
    for connection in (Connection("a", 100, begun), Connection("b", 100, begun)):
        turns.wait(connection)
        turns.wait(connection)
    turns.wait(Connection("c", 1, begun))
    await asyncio.sleep(0)
    assert len(begun) == TURN_REQUESTS
    for _ in range(201 // TURN_REQUESTS):
        await asyncio.sleep(0)
    assert len(begun) == 201
    assert begun[:6] == ["a", "b", "c", "a", "b", "a"]


@pytest.mark.parametrize("others", [0, 1])
async def test_what_fails_stops_no_other(others: int) -> None:
    begun: list[str] = []
    turns, failed = RequestTurns(), Connection("failed", 2, begun)
    failed.fails = True
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    turns.wait(failed)
    for number in range(others):
        turns.wait(Connection(f"other {number}", 1, begun))
    for _ in range(5):
        await asyncio.sleep(0)
    turns.wait(Connection("later", 1, begun))
    for _ in range(5):
        await asyncio.sleep(0)
    assert begun == ["failed", *(f"other {number}" for number in range(others)), "later"]
