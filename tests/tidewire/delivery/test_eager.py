"""A coroutine runs at once. Only one that waits becomes a task, and that task behaves as any other."""

import asyncio

import pytest

from tidewire.delivery import eager


def in_the_loop(coroutine) -> asyncio.Future:
    """Returns what `run` returns when the loop itself calls it."""
    loop = asyncio.get_running_loop()
    given = loop.create_future()
    loop.call_soon(lambda: given.set_result(eager.run(coroutine, loop)))
    return given


async def test_a_coroutine_that_does_not_wait_is_done_at_once():
    done = []

    async def work():
        done.append(1)

    assert await in_the_loop(work()) is None
    assert done == [1]


async def test_a_coroutine_that_waits_goes_on_as_a_task():
    first, second, steps = asyncio.Event(), asyncio.Event(), []

    async def work():
        steps.append(1)
        await first.wait()
        steps.append(2)
        await asyncio.sleep(0)
        await second.wait()
        steps.append(3)

    task = await in_the_loop(work())
    assert steps == [1]
    first.set()
    second.set()
    await task
    assert steps == [1, 2, 3]


async def test_it_can_be_cancelled_where_it_waits():
    steps = []

    async def work():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            steps.append("cancelled")
            await asyncio.sleep(0)
            steps.append("gone")
            raise

    task = await in_the_loop(work())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert steps == ["cancelled", "gone"]


async def test_the_future_that_it_waits_for_may_fail():
    failing = asyncio.get_running_loop().create_future()
    caught = []

    async def work():
        try:
            await failing
        except ValueError as error:
            caught.append(error)

    task = await in_the_loop(work())
    failing.set_exception(ValueError("no"))
    await task
    assert len(caught) == 1


async def test_it_can_be_cancelled_before_its_task_has_begun():
    steps, waiting = [], asyncio.get_running_loop().create_future()

    async def work():
        try:
            await waiting
        except asyncio.CancelledError:
            steps.append("cancelled")
            raise

    loop = asyncio.get_running_loop()
    given = loop.create_future()

    def begin_and_cancel():
        task = eager.run(work(), loop)
        task.cancel()
        given.set_result(task)

    loop.call_soon(begin_and_cancel)
    with pytest.raises(asyncio.CancelledError):
        await (await given)
    assert steps == ["cancelled"]
