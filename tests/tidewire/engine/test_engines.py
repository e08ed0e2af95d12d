"""Each event loop has an engine of its own, from the first call on until it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.tidewire.in_memory import Log, engine_on
from tidewire.engine import engines
from tidewire.engine.engine import Engine
from tidewire.layer import publishing
from tidewire.log import revocations


@pytest.fixture(autouse=True)
def _in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "from_settings", lambda: engine_on(Log()))
    monkeypatch.setattr(engines, "_engines", {})
    monkeypatch.setattr(publishing, "_attached", None)
    monkeypatch.setattr(revocations, "_follower", None)


def in_a_loop_of_its_own(work: Callable[[], Coroutine[Any, Any, Engine]]) -> Engine:
    with asyncio.Runner() as runner:
        return runner.run(work())


async def one_engine() -> Engine:
    assert engines.running() is None
    engine = engines.current()
    assert engines.current() is engines.running() is engine
    return engine


def test_the_first_call_in_a_loop_makes_its_engine():
    first, second = in_a_loop_of_its_own(one_engine), in_a_loop_of_its_own(one_engine)
    assert first is not second


def test_the_engine_of_a_closed_loop_is_forgotten():
    in_a_loop_of_its_own(one_engine)
    in_a_loop_of_its_own(one_engine)
    assert len(engines._engines) == 1


def test_a_stopped_engine_has_no_task_left_and_publishes_nothing_more():
    async def stopped() -> Engine:
        engine = engines.current()
        assert publishing._attached is engine.publisher
        await engines.stop()
        assert engines.running() is None
        assert len(engine._tasks) == 0
        return engine

    in_a_loop_of_its_own(stopped)
    assert publishing._attached is None


def test_stopping_without_an_engine_does_nothing():
    asyncio.run(engines.stop())
