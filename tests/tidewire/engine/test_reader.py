"""The reader runs calls in its threads, and the delivery side sees one error for a database that is away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from django.db import InterfaceError, OperationalError

from tests.tidewire.in_memory import settled
from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.engine.reader import Reader
from tidewire.ground.credentials import InvalidCredential


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    reader = Reader(threads=1)
    yield reader
    reader.close()


def fail(error: Exception) -> None:
    raise error


async def test_a_call_runs_in_a_thread_and_its_result_is_returned(reader):
    assert await reader.run(threading.current_thread) is not threading.current_thread()


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
async def test_an_error_of_the_connection_says_that_the_log_is_unavailable(reader, kind):
    error = kind("terminating connection")
    with pytest.raises(LogUnavailableError, match="terminating connection") as raised:
        await reader.run(fail, error)
    assert raised.value.__cause__ is error


@pytest.mark.parametrize("error", [ValueError("no"), InvalidCredential("no")])
async def test_any_other_error_is_raised_as_it_is(reader, error):
    with pytest.raises(type(error)) as raised:
        await reader.run(fail, error)
    assert raised.value is error


async def test_the_answer_to_a_caller_that_was_cancelled_is_dropped(reader):
    go = threading.Event()
    waiting = asyncio.create_task(reader.run(go.wait))
    await settled()
    waiting.cancel()
    go.set()
    assert await reader.run(lambda: "next") == "next"
    with pytest.raises(asyncio.CancelledError):
        await waiting
