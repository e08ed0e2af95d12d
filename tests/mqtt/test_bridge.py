"""Samples in, events out, through a real broker."""

from __future__ import annotations

import asyncio
import contextlib

import aiomqtt
import pytest
from asgiref.sync import sync_to_async
from django.db.models import F

from api.models import Sample
from tests.factories import make_dashboard, make_metric, make_user
from tests.mqtt.conftest import bridging, is_published, until
from tidewire.ground.conf import conf
from tidewire.models import Event, MqttPosition, MqttReceipt
from tidewire.mqtt import retained

pytestmark = pytest.mark.django_db(transaction=True)

AT = "2026-11-01T10:00:00Z"
MICROS = 1_793_527_200_000_000


async def test_samples_are_stored_in_every_form(plant, device):
    async with bridging(), device() as sensor:
        await sensor.say(plant.short, "21.5")
        await sensor.say(plant.long(plant.key), {"at": AT, "value": 1})
        await sensor.say(plant.short, {"samples": [{"at": "2026-11-01T10:00:01Z", "value": 2}]})
        await sensor.say(plant.short, [{"at": "2026-11-01T10:00:02Z", "value": 3}])
        await until(lambda: len(plant.samples()) == 4)
        samples = await sync_to_async(plant.samples)()
    assert samples[:3] == [(MICROS, 1.0), (MICROS + 1_000_000, 2.0), (MICROS + 2_000_000, 3.0)]
    assert samples[3][1] == 21.5


async def test_a_sample_reaches_another_device_as_an_event_with_its_position(plant, device):
    async with bridging(), device() as sensor, device() as display:
        await display.listen(f"streams/dashboard/{plant.dashboard.pk}/#")
        await sensor.say(plant.short, {"at": AT, "value": 7})
        topic, event, message = await display.hear()
        await until(lambda: is_published(plant))
    stream = f"dashboard:{plant.dashboard.pk}"
    assert topic == f"streams/dashboard/{plant.dashboard.pk}/samples.recorded"
    assert event["data"] == {
        "metric": str(plant.metric.pk),
        "samples": [{"at": "2026-11-01T10:00:00.000000Z", "value": 7.0}],
    }
    position = await MqttPosition.objects.select_related("stream").aget(stream__name=stream)
    assert (event["stream"], event["epoch"], event["offset"]) == (stream, position.epoch, position.offset)
    if message.properties is not None:
        pairs = dict(message.properties.UserProperty)
        assert pairs == {"stream": stream, "epoch": event["epoch"], "offset": str(event["offset"])}


async def test_a_display_that_boots_gets_the_last_state_and_none_of_what_was_deleted(plant, device):
    async with bridging(), device() as sensor:
        for value in (1, 2):
            await sensor.say(plant.short, {"at": f"2026-11-01T10:00:0{value}Z", "value": value})
            await until(lambda value=value: len(plant.samples()) == value)
        await sync_to_async(plant.other.change)(name="Pressure")
        await until(lambda: is_published(plant))
        async with device() as display:
            await display.listen(f"state/dashboard/{plant.dashboard.pk}/#")
            found = {topic: state for topic, state, _ in [await display.hear() for _ in range(3)]}
        assert {topic.split("/")[3:][0] + " " + topic.split("/")[4] for topic in found} == {
            f"{plant.metric.pk} metric",
            f"{plant.metric.pk} samples",
            f"{plant.other.pk} metric",
        }
        samples = found[f"state/dashboard/{plant.dashboard.pk}/{plant.metric.pk}/samples"]
        assert samples["data"]["samples"] == [{"at": "2026-11-01T10:00:02.000000Z", "value": 2.0}]
        assert all("actor" not in state for state in found.values())
        await sync_to_async(plant.metric.delete)()
        await until(lambda: is_published(plant))
        async with device() as display:
            await display.listen(f"state/dashboard/{plant.dashboard.pk}/#")
            topic, state, _ = await display.hear()
            assert (topic.split("/")[3], state["data"]["name"]) == (str(plant.other.pk), "Pressure")
            with pytest.raises(TimeoutError):
                await display.hear(0.5)


@pytest.mark.verify  # the broker for development confirms a message before it retains or clears it
async def test_nothing_is_retained_of_a_dashboard_that_was_deleted(plant, device):
    """Also where the log has no event of an object any more."""
    board = plant.dashboard.pk
    position = MqttPosition.objects.filter(stream__name=f"dashboard:{board}", offset=F("stream__head"))
    states = [f"{conf.MQTT_PREFIX}/state/dashboard/{board}/#"]
    async with bridging() as bridge, device() as display:
        await display.listen(f"state/dashboard/{board}/#")
        shown = [str((await display.hear())[2].topic) for _ in range(2)]
        assert sorted(await retained.topics(states, bridge._link)) == sorted(shown)
        await Event.objects.filter(stream__name=f"dashboard:{board}").adelete()
        await sync_to_async(plant.dashboard.delete)()
        await until(position.exists)
        assert await retained.topics(states, bridge._link) == []


async def test_what_is_wrong_is_refused_with_a_problem_where_its_sender_finds_it(plant, device):
    async with bridging(), device() as sensor:
        await sensor.listen(f"refused/{plant.key.pk}/#")
        await sensor.say(plant.short, "warm")
        topic, refused, _ = await sensor.hear()
        assert topic == f"refused/{plant.key.pk}/{plant.short}"
        assert (refused["payload"], refused["problem"]["status"], refused["problem"]["code"]) == (
            "warm",
            400,
            "parse_error",
        )
        await sensor.say(plant.long(plant.key), {"value": "hot"})
        _, refused, _ = await sensor.hear()
        assert refused["problem"]["errors"][0]["pointer"] == "/value"
        await sensor.say(f"keys/{plant.key.pk}/metrics/{plant.dashboard.pk}/samples", "1")
        _, refused, _ = await sensor.hear()
        assert refused["problem"]["status"] == 404
    assert await Sample.objects.acount() == 0


async def test_a_device_touches_its_own_topics_only(plant, device):
    """Bob's key is refused by the broker on Alice's topics, and by the view on his own."""
    bob = await sync_to_async(make_user)("Bob")
    theirs = await sync_to_async(plant.issue)(bob)
    events = f"streams/dashboard/{plant.dashboard.pk}/samples.recorded"
    async with bridging(), device(theirs) as stranger, device() as sensor:
        for topic in (plant.short, plant.long(plant.key), events, f"state/dashboard/{plant.dashboard.pk}/x/metric"):
            await _say_in_vain(device(theirs), topic)
        await stranger.listen("#")
        await stranger.say(plant.long(theirs), "3")
        _, refused, _ = await stranger.hear()
        assert (refused["payload"], refused["problem"]["status"]) == ("3", 404)
        await sensor.say(plant.short, {"at": AT, "value": 4})
        await until(lambda: is_published(plant))
        with pytest.raises(TimeoutError):  # neither the event nor the state of a dashboard that is not Bob's
            await stranger.hear(0.5)
        assert await sync_to_async(plant.samples)() == [(MICROS, 4.0)]


async def _say_in_vain(sensor, topic: str) -> None:
    """Publishes what the broker drops. Mosquitto 2.0 ends the connection of a client of MQTT 5 that does that."""
    with contextlib.suppress(aiomqtt.MqttError):
        async with sensor:
            await sensor.say(topic, "1")


async def test_of_two_keys_for_one_metric_the_older_has_the_short_path(plant, device):
    second = await sync_to_async(plant.issue)()
    async with bridging(), device() as first, device(second) as other:
        await _say_in_vain(device(second), plant.short)
        await other.say(plant.long(second), {"at": AT, "value": 2})
        await until(lambda: len(plant.samples()) == 1)
        await sync_to_async(plant.key.revoke)()
        with pytest.raises((aiomqtt.MqttError, TimeoutError)):
            await first.hear(2.0)
        await _say_until(lambda: device(second), plant, 2)


async def _say_until(sensor, plant, count: int) -> None:
    """Publishes a sample on the short path again and again, until the path has become the device's own."""
    async with asyncio.timeout(20):
        while len(await sync_to_async(plant.samples)()) < count:
            with contextlib.suppress(aiomqtt.MqttError):
                async with sensor() as other:
                    await other.say(plant.short, {"at": "2026-11-01T10:00:09Z", "value": 9})
            await asyncio.sleep(0.1)


async def test_a_revoked_key_is_disconnected_within_two_seconds(plant, device):
    async with bridging(), device() as sensor:
        await sensor.say(plant.short, "1")
        await sync_to_async(plant.key.revoke)()
        with pytest.raises(aiomqtt.MqttError):
            await sensor.hear(2.0)


async def test_a_bridge_that_comes_back_goes_on_where_it_was(plant, device):
    """Samples that arrived meanwhile are stored, events that were written meanwhile are published, in order."""
    async with bridging():
        pass
    async with device() as sensor, device() as display:
        await display.listen(f"streams/dashboard/{plant.dashboard.pk}/#")
        for value in range(5):
            await sensor.say(plant.short, {"at": f"2026-11-01T10:00:0{value}Z", "value": value})
        await sync_to_async(plant.other.change)(name="Pressure")
        assert await Sample.objects.acount() == 0
        async with bridging():
            await until(lambda: len(plant.samples()) == 5 and is_published(plant))
            heard = [await display.hear() for _ in range(2)]
            while sum(len(event["data"].get("samples", ())) for _, event, _ in heard) < 5:
                heard.append(await display.hear())
        offsets = [event["offset"] for _, event, _ in heard]
    assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))
    assert heard[0][1]["data"]["name"] == "Pressure"
    assert len(await sync_to_async(plant.samples)()) == 5


async def test_a_delivery_that_is_made_again_makes_no_second_sample(plant, device):
    """The bridge ends between COMMIT and its acknowledgement: the broker delivers the number again."""
    async with bridging() as bridge, device() as sensor:
        bridge._inlet.acknowledge = lambda delivery: None  # as if the process had ended just before
        await sensor.say(plant.short, "21.5")
        await until(lambda: len(plant.samples()) == 1)
    receipts = await MqttReceipt.objects.acount()
    async with bridging(), device() as sensor:
        await sensor.say(plant.short, {"at": AT, "value": 1})
        await until(lambda: len(plant.samples()) == 2)
    assert (receipts, await MqttReceipt.objects.acount()) == (1, 1)
    assert [value for _, value in await sync_to_async(plant.samples)()] == [1.0, 21.5]


async def test_the_quota_is_that_of_the_api(plant, device, settings):
    settings.REQUEST_QUOTAS = {"key": 2}
    async with bridging(), device() as sensor:
        await sensor.listen(f"refused/{plant.key.pk}/#")
        for value in range(3):
            await sensor.say(plant.short, {"at": f"2026-11-01T10:00:0{value}Z", "value": value})
        _, refused, _ = await sensor.hear()
    assert (refused["problem"]["status"], refused["problem"]["code"]) == (429, "quota_exceeded")


async def test_a_key_that_may_not_read_events_gets_none(plant, device):
    writer = await sync_to_async(plant.issue)(None, "samples:write")
    bob = await sync_to_async(make_user)("Bob")
    hidden = await sync_to_async(make_dashboard)(bob, name="Hidden")
    metric = await sync_to_async(make_metric)(hidden, key="secret")
    async with bridging(), device(writer) as display, device() as sensor:
        await display.listen("#")
        await sensor.listen("streams/#")
        await sync_to_async(metric.change)(name="Secret")
        await sensor.say(plant.short, {"at": AT, "value": 1})
        topic, _, _ = await sensor.hear()
        assert topic == f"streams/dashboard/{plant.dashboard.pk}/samples.recorded"
        with pytest.raises(TimeoutError):
            await display.hear(0.5)


async def test_messages_reach_a_consumer_of_the_project(plant, device, settings, broker):
    """Through ProtocolTypeRouter, in the shapes of mqttasgi; the consumer answers on another topic."""
    prefix = settings.TIDEWIRE["MQTT_PREFIX"]
    more = {"MQTT_APPLICATION": "tests.mqtt.consumers.application", "MQTT_MORE_FILTERS": [f"{prefix}/answers/#"]}
    filters = [*more["MQTT_MORE_FILTERS"], f"{prefix}/keys/+/metrics/+/samples"]
    settings.TIDEWIRE = {**settings.TIDEWIRE, **more, "MQTT_MORE_FILTERS": filters}
    async with bridging(), device() as sensor:
        await sensor.listen(f"answers/{plant.key.pk}/#")
        async with asyncio.timeout(20):
            while True:
                await sensor.say(plant.long(plant.key), {"at": AT, "value": 5})
                with contextlib.suppress(TimeoutError):
                    topic, heard, _ = await sensor.hear(0.5)
                    break
    assert topic == f"answers/{plant.key.pk}/consumer"
    assert heard == {"topic": f"{prefix}/{plant.long(plant.key)}", "qos": 1, "payload": {"at": AT, "value": 5}}
