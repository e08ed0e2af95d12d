"""What a device of bad will, or a broken one, sends: each message is refused with a problem, or by the broker, and the
bridge goes on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import Any

import aiomqtt
import pytest
from asgiref.sync import sync_to_async

from api.models import Sample
from tests.factories import make_user
from tests.mqtt.brokers import EMBEDDED, KIND
from tests.mqtt.conftest import bridging, is_published, until
from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.mqtt import incoming, inlet, names

pytestmark = pytest.mark.django_db(transaction=True)

AT = "2026-11-01T10:00:00Z"
GOOD = {"at": AT, "value": 1}

PAYLOADS: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "invalid"),
    "no UTF-8": (b"\xff\xfe{}", 400, "parse_error"),
    "UTF-16": ("[1]".encode("utf-16"), 400, "parse_error"),
    "NaN": (b"NaN", 400, "parse_error"),
    "a list with NaN": (b'[{"at": "2026-11-01T10:00:00Z", "value": NaN}]', 400, "parse_error"),
    "a number too large": (b"1e999", 400, "parse_error"),
    "ten thousand digits": (b"1" * 10_000, 400, "parse_error"),
    "deep": (b"[" * 100_000, 400, "parse_error"),
    "deep and closed": (b"[" * 50_000 + b"]" * 50_000, 400, "parse_error"),
    "a key twice": (b'{"value": 1, "value": 2}', 400, "parse_error"),
    "a lone surrogate": (b'{"value": "\\ud800"}', 400, "parse_error"),
    "no number": (b'{"value": true}', 400, "invalid"),
    "a text": (b'"21.5"', 400, "invalid"),
    "null": (b"null", 400, "invalid"),
    "no samples": (b"[]", 400, "invalid"),
    "samples of no kind": (b"[[1], null, 7]", 400, "invalid"),
    "too many": (b"[" + b",".join([b'{"at": "2026-11-01T10:00:00Z", "value": 1}'] * 1001) + b"]", 400, "invalid"),
    "too large": (b'"' + b"x" * 1_100_000 + b'"', 413, "too_large"),
}


async def test_a_payload_that_cannot_be_stored_is_refused_with_a_problem(plant, device):
    found = {}
    async with bridging(), device() as sensor:
        await sensor.listen(f"refused/{plant.key.pk}/#")
        for name, (payload, _, _) in PAYLOADS.items():
            await sensor.say(plant.short, payload)
            _, refused, _ = await sensor.hear()
            found[name] = (refused["problem"]["status"], refused["problem"]["code"])
        await sensor.say(plant.short, GOOD)
        await until(lambda: len(plant.samples()) == 1)
    assert found == {name: (status, code) for name, (_, status, code) in PAYLOADS.items()}


async def test_a_path_that_leads_nowhere_is_refused_with_a_problem(plant, device):
    """Levels are any text: each is a parameter of the URL, and never another URL."""
    levels = [
        "nothing",
        "..",
        "%2e%2e",
        "a?b=c",
        "a b",
        "é",
        "x" * 300,
        "x" * 2000,
        "\u202e",
        "",
        str(plant.dashboard.pk),
    ]
    found = {}
    async with bridging(), device() as sensor:
        await sensor.listen("refused/#")
        for level in levels:
            await sensor.say(f"keys/{plant.key.pk}/metrics/{level}/samples", "1")
            topic, refused, _ = await sensor.hear()
            found[level] = (topic.split("/")[1], refused["problem"]["status"], refused["problem"]["code"])
    own = str(plant.key.pk)
    assert found == dict.fromkeys(levels, (own, 404, "not_found"))


async def test_ten_thousand_topics_leave_nothing_in_the_bridge(plant, device):
    count = 200 if KIND == EMBEDDED else 10_000
    async with bridging() as bridge, device() as sensor:
        refused = metrics.mqtt_received.labels("refused")
        before = refused._value.get()
        for start in range(0, count, 100):
            topics = [f"keys/{plant.key.pk}/metrics/{start + n}/samples" for n in range(100)]
            await asyncio.gather(*(sensor.say(topic, "1") for topic in topics))
        await until(lambda: refused._value.get() - before == count, seconds=120)
        await until(lambda: not bridge._incoming._order)
        assert not bridge._incoming._last
        assert (bridge._inlet.waiting_messages, bridge._inlet.waiting_bytes) == (0, 0)


@pytest.mark.verify  # the broker for development sends on with QoS 1 what it got with QoS 0
async def test_a_flood_without_acknowledgements_is_dropped_above_a_bound(plant, device, monkeypatch):
    """A broker does not hold back QoS 0: what is above the bound is counted. What has an acknowledgement is kept."""
    monkeypatch.setattr(inlet, "WAITING_MESSAGES", 0)
    dropped = metrics.mqtt_received.labels("dropped")
    before = dropped._value.get()
    async with bridging(), device() as sensor:
        for value in range(20):
            await sensor.publish(f"{conf.MQTT_PREFIX}/{plant.short}", str(value), 0)
        await sensor.say(plant.short, GOOD)
        await until(lambda: len(plant.samples()) == 1)
    assert dropped._value.get() - before == 20


async def test_a_message_that_breaks_the_bridge_stops_no_other(plant, device, monkeypatch):
    real = incoming.body_of

    def broken(payload: bytes, topic: Any) -> Any:
        if payload == b"7":
            raise ZeroDivisionError
        return real(payload, topic)

    monkeypatch.setattr(incoming, "body_of", broken)
    async with bridging(), device() as sensor:
        await sensor.listen(f"refused/{plant.key.pk}/#")
        await sensor.say(plant.short, "7")
        _, refused, _ = await sensor.hear()
        assert (refused["payload"], refused["problem"]["status"], refused["problem"]["code"]) == ("7", 500, "error")
        await sensor.say(plant.short, GOOD)
        await until(lambda: len(plant.samples()) == 1)
    async with bridging():  # the broker does not have it any more
        with pytest.raises(TimeoutError):
            await until(lambda: len(plant.samples()) == 2, seconds=0.3)


async def test_an_error_of_the_bridge_ends_a_connection_and_not_the_bridge(plant, device, monkeypatch):
    real, failures = names.parse, []

    def parse(topic: str) -> Any:
        if not failures:
            failures.append(topic)
            raise ZeroDivisionError
        return real(topic)

    async with bridging() as bridge, device() as sensor:
        monkeypatch.setattr(names, "parse", parse)
        before = bridge._link
        await sensor.say(plant.short, GOOD)
        await until(lambda: bridge._link is not before and bridge.is_connected.is_set())
        await sensor.say(plant.short, {**GOOD, "at": "2026-11-01T10:00:01Z"})
        # The broker for development does not deliver again what a connection has not acknowledged.
        await until(lambda: len(plant.samples()) == (1 if KIND == EMBEDDED else 2))
    assert len(failures) == 1


async def test_a_message_that_the_broker_retains_is_one_sample(plant, device):
    """ESPHome retains by default. A bridge that subscribes again gets it again, and it is no new reading."""
    async with bridging(), device() as sensor:
        await sensor.say(plant.short, "21.5", retain=True)
        await until(lambda: len(plant.samples()) == 1)
    async with bridging(), device() as sensor:
        await sensor.say(plant.short, GOOD)
        await until(lambda: len(plant.samples()) == 2)
    assert sorted(value for _, value in await sync_to_async(plant.samples)()) == [1.0, 21.5]


async def test_a_will_is_a_message_of_its_device(plant, device):
    second = await sync_to_async(plant.issue)()
    own, foreign = (f"{conf.MQTT_PREFIX}/{plant.long(key)}" for key in (second, plant.key))
    async with bridging():
        for topic, value in ((own, 5), (foreign, 6)):
            will = aiomqtt.Will(topic, json.dumps({"at": AT, "value": value}), 1)
            with contextlib.suppress(aiomqtt.MqttError):
                async with device(second, will=will) as sensor:
                    sensor._client.socket().shutdown(socket.SHUT_RDWR)  # as a device without power
                    await sensor.hear(0.2)
        await until(lambda: len(plant.samples()) == 1)
        with pytest.raises(TimeoutError):
            await until(lambda: len(plant.samples()) > 1, seconds=0.3)
    assert [value for _, value in await sync_to_async(plant.samples)()] == [5.0]


def _kept(**more: Any) -> dict[str, Any]:
    """The options of a client whose session the broker keeps while it is away."""
    if KIND == EMBEDDED:
        return {"clean_session": False, **more}
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties: Any = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 60
    return {"clean_start": False, "properties": properties, **more}


async def test_a_session_of_another_device_gives_a_stranger_none_of_its_events(plant, device):
    """Client ids are not secret: a stranger signs in with its own key, and the id of a display that is away."""
    bob = await sync_to_async(plant.issue)(await sync_to_async(make_user)("Bob"))
    async with bridging():
        async with device(identifier="display", **_kept()) as display:
            await display.listen(f"streams/dashboard/{plant.dashboard.pk}/#")
        async with device() as sensor:
            await sensor.say(plant.short, GOOD)
            await until(lambda: is_published(plant))
            async with device(bob, identifier="display", **_kept()) as stranger:
                await sync_to_async(plant.other.change)(name="Pressure")
                await until(lambda: is_published(plant))
                with pytest.raises(TimeoutError):
                    await stranger.hear(0.5)


async def test_a_shared_subscription_gives_a_stranger_none_of_the_events(plant, device):
    bob = await sync_to_async(plant.issue)(await sync_to_async(make_user)("Bob"))
    async with bridging(), device(bob) as stranger, device() as sensor:
        for filter in (f"$share/all/{conf.MQTT_PREFIX}/#", "$SYS/#", "#", f"{conf.MQTT_PREFIX}/+/+/+/+"):
            with contextlib.suppress(aiomqtt.MqttError):
                await stranger.subscribe(filter, 1)
        await sensor.say(plant.short, GOOD)
        await until(lambda: is_published(plant))
        with pytest.raises(TimeoutError):
            await stranger.hear(0.5)


@pytest.mark.parametrize("change", ["upper", "short", "other", "none", "bridge"])
async def test_a_wrong_key_does_not_sign_in(plant, device, change):
    second = await sync_to_async(plant.issue)()
    name, text = {
        "upper": (str(plant.key.pk).upper(), plant.key.text),
        "short": (str(plant.key.pk), plant.key.text[:-1]),
        "other": (str(plant.key.pk), second.text),
        "none": (str(plant.key.pk), ""),
        "bridge": (conf.MQTT_USER, plant.key.text),
    }[change]
    async with bridging():
        async with device():
            pass  # the right one does
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", int(conf.MQTT_PORT), username=name, password=text, timeout=5):
                pass


async def test_topics_that_no_declaration_has_are_the_brokers_to_refuse(plant, device):
    own = f"keys/{plant.key.pk}"
    topics = [
        f"{own}/metrics/{plant.metric.pk}/samples/more",
        f"{own}/metrics",
        f"{own}/else",
        "bridge/states",
        "state/x",
    ]
    async with bridging(), device() as display:
        await display.listen("streams/#")
        for topic in topics:
            with contextlib.suppress(aiomqtt.MqttError):
                async with device() as sensor:
                    await sensor.say(topic, "1")
        async with device() as sensor:
            await sensor.say(plant.short, GOOD)
        heard = (await display.hear())[0]
    assert heard == f"streams/dashboard/{plant.dashboard.pk}/samples.recorded"
    assert await Sample.objects.acount() == 1
