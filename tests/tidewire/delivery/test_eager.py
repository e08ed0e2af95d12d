"""A coroutine runs at once; only one that waits becomes a task, and that task is as any other."""

import asyncio

import pytest

from tidewire.delivery import eager


def in_the_loop(coroutine) -> asyncio.Future:
    """What `run` gives when it is called by the loop itself."""
    loop = asyncio.get_running_loop()
    given = loop.create_future()
    loop.call_soon(lambda: given.set_result(eager.run(coroutine, loop)))
    return given


async def test_what_does_not_wait_is_done_at_once():
    done = []

    async def work():
        done.append(1)

    assert await in_the_loop(work()) is None
    assert done == [1]


async def test_what_waits_goes_on_as_a_task():
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
    told = []

    async def work():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            told.append("cancelled")
            await asyncio.sleep(0)
            told.append("gone")
            raise

    task = await in_the_loop(work())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == ["cancelled", "gone"]


async def test_what_it_waits_for_may_fail():
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
    told, waiting = [], asyncio.get_running_loop().create_future()

    async def work():
        try:
            await waiting
        except asyncio.CancelledError:
            told.append("cancelled")
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
    assert told == ["cancelled"]
