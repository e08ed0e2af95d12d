"""How many messages the bridge takes that it has not stored, from a broker that decides itself how much it sends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiomqtt
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction

from tests.mqtt.conftest import bridging, until
from tidewire.ground.conf import conf
from tidewire.log.tables import Stream
from tidewire.mqtt import link

pytestmark = pytest.mark.django_db(transaction=True)

WINDOW, SENT = 8, 40


@contextmanager
def writing(stream: str) -> Iterator[None]:
    """Holds a stream, as a long transaction does: nothing is written to it meanwhile."""
    holds, ends = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Stream.objects.select_for_update().get(name=stream)
                holds.set()
                ends.wait(30)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert holds.wait(10)
        yield
    finally:
        ends.set()
        thread.join()


@pytest.fixture
def narrow(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small window in MQTT 3.1.1, which has no word for it, and pings every second."""
    settings.TIDEWIRE = {**settings.TIDEWIRE, "MQTT_WINDOW": WINDOW, "MQTT_PROTOCOL": "3.1.1"}
    monkeypatch.setattr(link, "KEEPALIVE_SECONDS", 1)


async def test_a_slow_database_makes_the_broker_wait_and_the_bridge_stays_connected(plant, device, narrow):
    """Nothing is read while the window is full; pings go on, and so does what the bridge publishes."""
    own = f"{conf.MQTT_PREFIX}/answers/{plant.key.pk}/mark"
    async with bridging() as bridge, device(protocol=aiomqtt.ProtocolVersion.V311) as sensor:
        inlet = bridge._inlet
        await sensor.listen(f"answers/{plant.key.pk}/#")
        with writing(f"dashboard:{plant.dashboard.pk}"):
            for second in range(SENT):
                await sensor.say(plant.short, {"at": f"2026-11-01T10:00:{second:02}Z", "value": second})
            await until(lambda: inlet.unacknowledged >= WINDOW)
            pings: set[float] = set()
            while len(pings) < 4:  # some seconds, several times those in which a ping is to be answered
                await bridge._link.publish_all([(own, b"1", False, None)])
                await sensor.hear()  # what the broker took before has left it, too
                assert inlet.unacknowledged == WINDOW
                pings.add(inlet._client._last_msg_out)
                await asyncio.sleep(0.1)
        await until(lambda: len(plant.samples()) == SENT and not inlet.unacknowledged)
        assert bridge._inlet is inlet
    assert [value for _, value in await sync_to_async(plant.samples)()] == list(range(SENT))
