"""Tasks end, also those that swallow a cancellation."""

from __future__ import annotations

import asyncio

import pytest

from tidewire.ground import cancellation
from tidewire.ground.cancellation import end, run_together


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancellation, "AGAIN_SECONDS", 0.001)


class Stubborn:
    """A task that swallows so many cancellations."""

    def __init__(self, times: int) -> None:
        self.left, self.has_ended = times, False

    async def run(self) -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if not self.left:
                    self.has_ended = True
                    raise
                self.left -= 1


async def test_a_task_is_cancelled_until_it_has_ended():
    stubborn = Stubborn(3)
    task = asyncio.create_task(stubborn.run())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end(task)
    assert task.cancelled()


async def test_a_task_that_fails_while_it_is_ended_is_no_error(caplog):
    async def fail() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise AttributeError("as redis-py")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await end(task)
    del task
    assert caplog.text == ""


async def test_the_first_to_fail_ends_the_others_and_its_error_is_raised():
    stubborn = Stubborn(2)

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ConnectionError("away")

    with pytest.raises(ConnectionError, match="away"):
        async with asyncio.timeout(5):
            await run_together(stubborn.run(), fail())
    assert stubborn.has_ended


async def test_a_cancellation_of_all_of_them_returns_when_they_have_ended():
    stubborn = Stubborn(2)
    task = asyncio.create_task(run_together(stubborn.run(), stubborn.run()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait([task])
    assert task.cancelled()
    assert stubborn.has_ended
