"""A broker for the session, and bridges and devices in the loop of a test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS, connections

from api.models import Key, User
from tests.factories import make_dashboard, make_metric, make_user
from tests.mqtt.brokers import KIND, Broker
from tests.mqtt.devices import Device
from tests.rig.servers import temporary_folder
from tidewire.log import rate
from tidewire.models import DelayedEvent, MqttPosition
from tidewire.mqtt.bridge import Bridge


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    broker = Broker(KIND, temporary_folder("broker"))
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture(autouse=True)
async def _close_connections() -> AsyncIterator[None]:
    """Closes the connection of the thread of `sync_to_async`, because the test database is dropped afterwards."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture(autouse=True)
def _settings_of_the_broker(broker: Broker, settings: Any, request: pytest.FixtureRequest) -> None:
    """Each test has topics of its own, because the broker is shared."""
    prefix = f"t{abs(hash(request.node.nodeid)) % 10**8}"
    values = {**broker.settings, "MQTT_PREFIX": prefix}
    settings.TIDEWIRE = {**settings.TIDEWIRE, **values, "MQTT_PORT": broker.port, "MQTT_SAVE_SECONDS": 4.0}


class Plant:
    """Alice's dashboard with two metrics, and a key that may write samples and read events."""

    def __init__(self) -> None:
        self.alice: User = make_user("Alice")
        self.dashboard = make_dashboard(self.alice, name="Plant")
        self.metric = make_metric(self.dashboard, key="temperature")
        self.other = make_metric(self.dashboard, key="pressure")
        self.key = self.issue()

    def issue(self, user: User | None = None, *scopes: str) -> Key:
        wanted = scopes or ("samples:write", "streams:read")
        return Key.objects.issue(user or self.alice, made_by=user or self.alice, name="device", scopes=wanted)

    def samples(self, metric: Any = None) -> list[tuple[int, float]]:
        from api.models import Sample

        rows = Sample.objects.filter(series__metric=metric or self.metric).order_by("at")
        return list(rows.values_list("at", "value"))

    @property
    def short(self) -> str:
        return f"metrics/{self.metric.pk}/samples"

    def long(self, key: Key, metric: Any = None) -> str:
        return f"keys/{key.pk}/metrics/{(metric or self.metric).pk}/samples"


@pytest.fixture
async def plant(transactional_db: None) -> Plant:
    return await sync_to_async(Plant)()


@asynccontextmanager
async def bridging() -> AsyncIterator[Bridge]:
    """A bridge that is connected. It ends as by SIGTERM."""
    bridge = Bridge()
    task = asyncio.create_task(bridge.run())
    try:
        async with asyncio.timeout(30):
            await bridge.is_connected.wait()
        yield bridge
    finally:
        bridge.stop()
        await asyncio.wait_for(task, 30)
        await until(lambda: not any(thread.name.startswith("tidewire-") for thread in threading.enumerate()))


async def until(is_true: Callable[[], Any], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not await sync_to_async(is_true)():  # noqa: ASYNC110  rows and threads send no event
            await asyncio.sleep(0.02)


def is_published(plant: Plant) -> bool:
    """Whether all events are out, also those that a server would release a moment later."""
    rate.release_due(DEFAULT_DB_ALIAS)
    if DelayedEvent.objects.exists():
        return False
    position = MqttPosition.objects.select_related("stream").get(stream__name=f"dashboard:{plant.dashboard.pk}")
    return position.offset == position.stream.head


@pytest.fixture
def device(plant: Plant) -> Callable[..., Device]:
    """Makes clients of the broker that sign in with a key; the plant's own by default."""
    return lambda key=None, **options: Device(key or plant.key, **options)
