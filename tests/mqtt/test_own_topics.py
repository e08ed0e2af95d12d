"""Topics of a project of others (shelves.py): its views know nothing of problem documents or idempotency keys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import aiomqtt
import pytest

from tests.mqtt import shelves
from tests.mqtt.brokers import EMBEDDED, KIND
from tests.mqtt.conftest import bridging
from tests.tidewire.liveapp.models import Board, Item
from tidewire.capture import capturing
from tidewire.checks.topics import check_topic
from tidewire.declare.registry import registry
from tidewire.ground.conf import conf

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _their_project(settings: Any) -> Iterator[None]:
    settings.ROOT_URLCONF = "tests.mqtt.shelves"
    settings.TIDEWIRE = {**settings.TIDEWIRE, "MQTT_USERS": "tests.mqtt.shelves.users"}
    kinds, lives = dict(registry.kinds), list(registry.lives)
    registry.add(shelves.DECLARATION)
    capturing.start()
    yield
    registry.kinds, registry.lives = kinds, lives


def client(name: str) -> aiomqtt.Client:
    version = aiomqtt.ProtocolVersion.V311 if KIND == EMBEDDED else aiomqtt.ProtocolVersion.V5
    port = int(conf.MQTT_PORT)
    return aiomqtt.Client("127.0.0.1", port, username=name, password=shelves.PASSWORD, protocol=version, timeout=20)


async def say(sensor: aiomqtt.Client, topic: str, payload: Any) -> None:
    await sensor.publish(f"{conf.MQTT_PREFIX}/{topic}", json.dumps(payload), 1)


async def hear(display: aiomqtt.Client) -> tuple[str, Any]:
    async with asyncio.timeout(20):
        message = await anext(display.messages)
    return str(message.topic).partition("/")[2], json.loads(message.payload)


async def test_a_message_is_a_row_and_an_event_of_a_model_of_others(transactional_db):
    board = await Board.objects.acreate(name="vera")
    async with bridging(), client("vera") as vera:
        for filter in ("streams/#", "state/#", "refused/#"):
            await vera.subscribe(f"{conf.MQTT_PREFIX}/{filter}", 1)
        await say(vera, f"shelves/{board.pk}/entries", 7)
        heard = dict([await hear(vera), await hear(vera)])
    item = await Item.objects.aget()
    assert (item.rank, item.board_id) == (7, board.pk)
    assert heard[f"streams/shelf/{board.pk}/entry.created"]["data"]["rank"] == 7
    assert heard[f"state/shelf/{board.pk}/{item.pk}/entry"]["data"]["rank"] == 7


@pytest.mark.parametrize(
    ("name", "payload", "status", "problem"),
    [
        ("ida", 1, 403, dict),
        ("vera", {"rank": "high"}, 400, dict),
        ("vera", {"rank": 400}, 400, list),
        ("vera", {"rank": 422}, 422, str),
    ],
)
async def test_a_refusal_has_the_status_of_the_view_whatever_its_body_is(
    transactional_db, name, payload, status, problem
):
    board = await Board.objects.acreate(name="vera")
    topic = f"keys/{name}/shelves/{board.pk}/entries"
    async with bridging(), client(name) as sensor:
        await sensor.subscribe(f"{conf.MQTT_PREFIX}/refused/#", 1)
        await say(sensor, topic, payload)
        heard, refused = await hear(sensor)
    assert heard == f"refused/{name}/shelves/{board.pk}/entries"
    assert (refused["status"], type(refused["problem"])) == (status, problem)
    assert await Item.objects.acount() == 0


def test_a_view_that_takes_no_idempotency_key_is_warned_of():
    """What a broker delivers again would be a second row."""
    found = check_topic(shelves.TOPIC)
    assert [problem.id for problem in found] == ["tidewire.W167"]
    assert not list(check_topic(replace(shelves.TOPIC, path="racks/{board_id}/entries", number=None)))
