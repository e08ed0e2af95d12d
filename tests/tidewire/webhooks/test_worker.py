"""The loop: events leave soon after COMMIT, a slow receiver delays no other, a stopped worker leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from tests.rig import servers
from tests.tidewire.webhooks.receiver import Got, Receiver, Say
from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.diagnosis import worker_commands
from tidewire.ground import metrics
from tidewire.http import worker_port
from tidewire.webhooks import turns
from tidewire.webhooks.tables import WebhookDelivery, WebhookPosition
from tidewire.webhooks.worker import STUCK_SECONDS, Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def _close_connections() -> AsyncIterator[None]:
    """Closes the connection of the thread of `sync_to_async`, because the test database is dropped afterwards."""
    yield
    await sync_to_async(connections.close_all)()


@asynccontextmanager
async def working() -> AsyncIterator[Worker]:
    worker = Worker()
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(task, 20)
        # Its thread gives the connection back: the test database is dropped afterwards.
        await until(lambda: not any(thread.name.startswith("tidewire-reader") for thread in threading.enumerate()))


async def until(is_true: Callable[[], Any], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not await sync_to_async(is_true)():  # noqa: ASYNC110  the receiver is a thread
            await asyncio.sleep(0.01)


async def test_events_are_sent_as_they_are_written(receiver, make_endpoint, stream, write):
    await sync_to_async(make_endpoint)(streams=[stream])
    async with working():
        for title in ("one", "two", "three"):
            await sync_to_async(write)(title)
        await until(lambda: len(receiver.got) == 3)
    assert [got.json["data"]["title"] for got in receiver.got] == ["one", "two", "three"]
    assert await WebhookDelivery.objects.filter(state="delivered").acount() == 3


async def test_a_stream_that_is_new_to_an_endpoint_for_all(receiver, make_endpoint, stream, write):
    await sync_to_async(make_endpoint)()
    async with working():
        await sync_to_async(write)("one")
        await until(lambda: len(receiver.got) == 1)


async def test_a_receiver_that_never_answers_delays_no_other(receiver, make_endpoint, stream, write, settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "WEBHOOK_TIMEOUT_SECONDS": 60.0}
    dead, asked, is_over = Receiver(), [], threading.Event()

    def never(got: Got) -> Say:
        asked.append(got.id)
        is_over.wait()
        return Say()

    dead.answer = never
    try:
        await sync_to_async(make_endpoint)(streams=[stream], url=dead.url)
        await sync_to_async(make_endpoint)(streams=[stream])
        async with working() as worker:
            await sync_to_async(write)(*(str(number) for number in range(20)))
            await until(lambda: len(receiver.got) == 20 and asked)
            assert len(asked) == 1
            worker.stop()
            is_over.set()
    finally:
        is_over.set()
        dead.close()


async def test_what_is_under_way_when_a_worker_is_stopped_is_stored(receiver, make_endpoint, stream, write):
    await sync_to_async(make_endpoint)(streams=[stream])
    receiver.answer = lambda got: Say(seconds=0.3)
    async with working():
        await sync_to_async(write)("one", "two")
        await until(lambda: len(receiver.got) == 1)
    row = await WebhookPosition.objects.aget()
    assert (len(receiver.got), row.lease, row.message_id) == (1, "", "")
    assert await WebhookDelivery.objects.acount() == 1


async def test_a_database_that_is_away_for_a_while_loses_nothing(receiver, make_endpoint, stream, write, monkeypatch):
    """The outcome of an attempt is stored when it is there again."""
    await sync_to_async(make_endpoint)(streams=[stream])
    real, failures = turns.take, []

    def take(worker: str, work: turns.Work) -> turns.Turned:
        if work.outcomes and len(failures) < 2:
            failures.append(work)
            raise LogUnavailableError("away")
        return real(worker, work)

    monkeypatch.setattr(turns, "take", take)
    async with working():
        await sync_to_async(write)("one", "two")
        await until(lambda: len(receiver.got) == 2)
    assert [got.json["data"]["title"] for got in receiver.got] == ["one", "two"]
    assert len(failures) == 2


async def test_a_turn_that_always_fails_does_not_stop_the_worker(
    receiver, make_endpoint, stream, write, monkeypatch, settings, caplog
):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "WEBHOOK_LEASE_SECONDS": 0.2}
    await sync_to_async(make_endpoint)(streams=[stream])
    real, failed = turns.take, []

    def take(worker: str, work: turns.Work) -> turns.Turned:
        if work.outcomes and not failed:
            failed.append(work)
            raise ValueError("a bug")
        return real(worker, work)

    monkeypatch.setattr(turns, "take", take)
    async with working():
        await sync_to_async(write)("one")
        await until(lambda: WebhookDelivery.objects.filter(state="delivered").exists())
    assert len({got.id for got in receiver.got}) == 1
    assert "cannot be stored" in caplog.text


async def test_its_port_shows_that_it_turns_and_its_figures(receiver, make_endpoint, stream, write, settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "METRICS_TOKEN": "a-token"}
    await sync_to_async(make_endpoint)(streams=[stream])
    number = servers.free_port()
    async with working() as worker, httpx.AsyncClient(base_url=f"http://127.0.0.1:{number}", trust_env=False) as client:
        port = worker_port.start("127.0.0.1", number, lambda: worker.is_alive)
        try:
            assert (await client.get("/healthz")).status_code == 200
            forwarded = {"X-Forwarded-For": "127.0.0.1"}
            assert (await client.get("/metrics", headers=forwarded)).status_code == 404
            assert (await client.get("/metrics", headers={**forwarded, "Authorization": "Bearer a-token"})).is_success
            assert (await client.get("/anything")).status_code == 404
            assert (await client.head("/metrics")).content == b""
            await until(lambda: "tidewire_worker_started_at_seconds 1" in metrics.exposition().decode())
            text = (await client.get("/metrics")).text
            assert all(
                f'tidewire_webhook_attempts_total{{state="{state}"}}' in text for state in ("delivered", "failed")
            )
        finally:
            port.shutdown()
            port.server_close()


def test_a_loop_that_does_not_turn_is_not_alive():
    worker = Worker()
    assert worker.is_alive
    worker._turned_at -= STUCK_SECONDS
    assert not worker.is_alive


async def test_a_worker_of_a_parent_that_ended_early_ends_too():
    """The parent may end while the command still starts: its number is given, not asked for."""
    async with working() as worker, asyncio.timeout(10):
        await worker_commands.follow_parent(worker, parent=os.getppid() + 1)
        await until(lambda: worker._is_stopping)
