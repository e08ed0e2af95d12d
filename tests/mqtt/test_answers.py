"""What a device gets back: answers on its response topic (MQTT 5), and refusals where it and the operator find them."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from api.models import Sample
from tests.mqtt.conftest import bridging, is_published, until
from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.mqtt.bridge import STUCK_SECONDS, Bridge
from tidewire.mqtt.incoming import SHOWN_BYTES

pytestmark = pytest.mark.django_db(transaction=True)

AT = "2026-11-01T10:00:00Z"
KEY = "idempotency-key"
v5 = pytest.mark.verify
"""The broker for development speaks MQTT 3.1.1, so these run with Mosquitto: `MQTT_BROKER=mosquitto`."""


def asking(topic: str = "", data: bytes | None = None, *pairs: tuple[str, str]) -> Properties:
    """The properties of a message: where it wants its answer, with which data, and pairs of the user's own."""
    properties: Any = Properties(PacketTypes.PUBLISH)
    if topic:
        properties.ResponseTopic = f"{conf.MQTT_PREFIX}/{topic}"
    if data is not None:
        properties.CorrelationData = data
    if pairs:
        properties.UserProperty = list(pairs)
    return properties


@v5
async def test_a_message_is_answered_after_commit_with_its_correlation_data(plant, device):
    place = f"answers/{plant.key.pk}/desk"
    async with bridging(), device() as sensor:
        await sensor.listen(f"{place}/#")
        await sensor.say(plant.short, {"at": AT, "value": 1}, properties=asking(f"{place}/1", b"\x00first"))
        topic, answer, message = await sensor.hear()
        stored = await Sample.objects.acount()
        await sensor.say(plant.short, {"value": "hot"}, properties=asking(f"{place}/2", b"second"))
        other_topic, problem, other = await sensor.hear()
    assert (topic, answer["status"], stored) == (f"{place}/1", 201, 1)
    assert answer["body"] == {"recorded": 1}
    assert message.properties.CorrelationData == b"\x00first"
    assert (message.properties.ContentType, message.properties.UserProperty) == (
        "application/json",
        [("status", "201")],
    )
    assert (other_topic, problem["status"], other.properties.CorrelationData) == (f"{place}/2", 400, b"second")
    assert (problem["body"]["code"], problem["body"]["errors"][0]["pointer"]) == ("invalid", "/value")


@v5
@pytest.mark.parametrize("place", ["answers/{other}/x", "keys/{other}/x", "answers/{own}x/y", "state/x"])
async def test_an_answer_goes_nowhere_but_to_its_senders_own_topics(plant, device, place):
    """Else a device could have the bridge write what it may not write itself."""
    other = await sync_to_async(plant.issue)()
    topic = place.format(own=plant.key.pk, other=other.pk)
    async with bridging(), device() as sensor, device(other) as display:
        for each in (sensor, display):
            await each.listen("answers/#")
            await each.listen("keys/#")
        await sensor.say(plant.short, {"at": AT, "value": 1}, properties=asking(topic))
        mark = asking(f"answers/{plant.key.pk}/mark")
        await sensor.say(plant.short, {"at": AT, "value": 1}, properties=mark)
        heard, _, _ = await sensor.hear()
        assert heard == f"answers/{plant.key.pk}/mark"
        with pytest.raises(TimeoutError):
            await display.hear(0.2)
    assert await Sample.objects.acount() == 1


@v5
async def test_an_idempotency_key_makes_one_sample_of_a_number_that_is_sent_twice(plant, device):
    place = f"answers/{plant.key.pk}/a"
    async with bridging(), device() as sensor:
        await sensor.listen(f"{place}/#")
        answers = []
        keys = (
            (KEY, "reading-1"),
            ("Idempotency-Key", "reading-1"),
            (KEY, "reading-2"),
            (KEY, "x" * 1000),
            (KEY, "読み"),
        )
        for name, key in keys:
            await sensor.say(plant.short, "21.5", properties=asking(f"{place}/b", None, (name, key)))
            answers.append((await sensor.hear())[1])
    assert [answer["status"] for answer in answers] == [201, 201, 201, 400, 400]
    assert {answer["body"]["code"] for answer in answers[3:]} == {"idempotency_key_invalid"}
    assert await Sample.objects.acount() == 2


async def test_a_refusal_shows_the_message_and_its_problem_and_nothing_else(plant, device):
    async with bridging(), device() as sensor:
        await sensor.listen(f"refused/{plant.key.pk}/#")
        shown = {}
        for payload in (b"warm \xc3\xa9", b"\xff\x00\xfe", b"[" + b"1," * SHOWN_BYTES):
            await sensor.say(plant.long(plant.key), payload)
            topic, shown[payload[:4]], _ = await sensor.hear()
            assert topic == f"refused/{plant.key.pk}/{plant.short}"
    text, binary, long = shown.values()
    assert set(text) == {"topic", "payload", "status", "problem"}
    assert (text["topic"], text["payload"]) == (f"{conf.MQTT_PREFIX}/{plant.long(plant.key)}", "warm é")
    assert set(text["problem"]) >= {"type", "title", "status", "detail", "instance", "code"}
    assert set(binary) == {"topic", "payload_base64", "status", "problem"}
    assert base64.b64decode(binary["payload_base64"]) == b"\xff\x00\xfe"
    assert len(long["payload"]) == SHOWN_BYTES


async def test_what_the_broker_may_not_have_saved_is_published_again(plant, device, settings):
    """A broker that is killed forgets what it confirmed a moment ago."""
    heard = []
    async with bridging():
        pass  # the broker knows the key
    async with device() as display:
        for seconds in (0.0, 60.0, 60.0):
            settings.TIDEWIRE = {**settings.TIDEWIRE, "MQTT_SAVE_SECONDS": seconds}
            async with bridging(), device() as sensor:
                await display.listen(f"streams/dashboard/{plant.dashboard.pk}/#")
                if len(heard) < 2:
                    await sensor.say(plant.short, {"at": f"2026-11-01T10:00:0{len(heard)}Z", "value": 1})
                    await until(lambda: len(plant.samples()) > len(heard))
                await until(lambda: is_published(plant))
                _, event, _ = await display.hear()
                heard.append(event["offset"])
        with pytest.raises(TimeoutError):
            await display.hear(0.2)
    assert heard == [heard[0], heard[0] + 1, heard[0] + 1]


async def test_the_port_of_a_bridge_has_its_figures(plant):
    async with bridging() as bridge:
        assert bridge.is_alive
        assert b"tidewire_mqtt_connected 1.0" in metrics.exposition()
    bridge._turned_at -= STUCK_SECONDS
    assert not bridge.is_alive


@v5
async def test_two_bridges_store_once_and_say_so(plant, device, caplog):
    """They end each other's connections; a broker does not say why."""
    async with bridging(), device() as sensor:
        second = Bridge()
        running = asyncio.create_task(second.run())
        for value in range(10):
            await sensor.say(plant.short, str(value))
        await until(lambda: "there is another bridge" in caplog.text)
        second.stop()
        await running
        await until(lambda: len(plant.samples()) >= 10)
    assert sorted(value for _, value in await sync_to_async(plant.samples)()) == list(range(10))
    assert "never retrieved" not in caplog.text
