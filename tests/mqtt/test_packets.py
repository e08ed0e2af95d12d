"""Messages as a broker sends them, among them such as no well-behaved device has sent."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.mqtt.conftest import bridging, until
from tidewire.ground.conf import conf
from tidewire.mqtt.packets import MAX_PROPERTIES, read_publish

TOPIC, PAYLOAD = b"a/b", b"21.5"
AGAIN_QOS_1_RETAINED = 0x3B


def text(value: bytes) -> bytes:
    return struct.pack(">H", len(value)) + value


def number(value: int) -> bytes:
    """A number of MQTT, of one to four bytes."""
    digits = [value >> shift & 127 for shift in (0, 7, 14, 21) if value >> shift or not shift]
    return bytes([digit | 128 for digit in digits[:-1]] + digits[-1:])


def body(properties: bytes, topic: bytes = TOPIC) -> bytes:
    return text(topic) + b"\x00\x07" + number(len(properties)) + properties + PAYLOAD


def pair(name: bytes, value: bytes) -> bytes:
    return b"\x26" + text(name) + text(value)


def test_what_a_client_has_written_is_read() -> None:
    written: Any = Properties(PacketTypes.PUBLISH)
    written.PayloadFormatIndicator, written.MessageExpiryInterval, written.ContentType = 1, 60, "text/plain"
    written.ResponseTopic, written.CorrelationData = "c/d", b"\x00\xff"
    written.UserProperty = [("Name", "é"), ("name", "second")]
    written.SubscriptionIdentifier, written.TopicAlias = 300, 5
    found = read_publish(AGAIN_QOS_1_RETAINED, text(TOPIC) + b"\x00\x07" + written.pack() + PAYLOAD, is_v5=True)
    assert (found.topic, found.payload, found.qos, found.packet) == ("a/b", PAYLOAD, 1, 7)
    assert (found.is_again, found.is_retained) == (True, True)
    assert (found.response_topic, found.correlation_data) == ("c/d", b"\x00\xff")
    assert (found.user_property("name"), found.user_property("other")) == ("é", None)


def test_mqtt_3_has_no_properties_and_qos_0_no_number() -> None:
    found = read_publish(0x30, text(TOPIC) + PAYLOAD, is_v5=False)
    assert (found.topic, found.payload, found.qos, found.packet) == ("a/b", PAYLOAD, 0, 0)
    assert read_publish(0x32, text(TOPIC) + b"\x00\x09", is_v5=False).packet == 9


@pytest.mark.parametrize(
    "properties",
    [
        b"\x01\x07",
        b"\x03" + text("\ufeff".encode()),
        b"\x03" + text(b"a") + b"\x03" + text(b"b"),
        b"\x23\x00\x00",
        b"\x0b\x00",
        pair(b"\xff", b"x") + pair(b"x", b"\xff") + pair(b"x\x00", b"\xed\xa0\x80"),
    ],
)
def test_what_cannot_be_right_is_left_out(properties: bytes) -> None:
    found = read_publish(0x32, body(properties + pair(b"name", b"value")), is_v5=True)
    assert (found.topic, found.payload, found.user_property("name")) == ("a/b", PAYLOAD, "value")


@pytest.mark.parametrize("properties", [b"\x7f", b"\x26\x00\xffabc", b"\x08\x00", b"\x0b\xff\xff\xff\xff", b"\x02\x00"])
def test_behind_what_cannot_be_read_is_the_payload(properties: bytes) -> None:
    found = read_publish(0x32, body(pair(b"name", b"value") + properties), is_v5=True)
    assert (found.payload, found.user_property("name"), found.response_topic) == (PAYLOAD, "value", "")


def test_few_properties_are_read_of_very_many() -> None:
    found = read_publish(0x32, body(pair(b"k", b"v") * 40_000), is_v5=True)
    assert (found.payload, len(found.user_properties)) == (PAYLOAD, MAX_PROPERTIES)


def test_a_topic_that_is_no_utf_8_is_none() -> None:
    assert read_publish(0x32, body(b"", b"\xff\xfe"), is_v5=True).topic == ""


@pytest.mark.parametrize("packet", [b"", b"\x00", b"\x00\x09abc", text(TOPIC) + b"\x00", text(TOPIC) + b"\x00\x07\x09"])
def test_a_packet_that_ends_too_early_is_an_error(packet: bytes) -> None:
    with pytest.raises(ValueError, match=r"early|end"):
        read_publish(0x32, packet, is_v5=True)


@pytest.mark.verify  # the broker for development speaks MQTT 3.1.1
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("properties", [b"\x01\x07", pair(b"k", b"v") * 9000], ids=["a payload format", "many"])
async def test_a_message_that_no_client_reads_stops_no_other(plant, device, properties: bytes) -> None:
    """The broker would deliver it again for ever."""
    name, password = str(plant.key.pk).encode(), plant.key.text.encode()
    hello = text(b"MQTT") + b"\x05\xc2\x00\x3c\x00" + text(b"raw") + text(name) + text(password)
    message = body(properties, f"{conf.MQTT_PREFIX}/{plant.short}".encode())
    async with bridging() as bridge, device() as sensor:
        before = bridge._inlet
        reader, writer = await asyncio.open_connection("127.0.0.1", int(conf.MQTT_PORT))
        writer.write(b"\x10" + number(len(hello)) + hello)
        await reader.readexactly(2)
        writer.write(b"\x32" + number(len(message)) + message)
        await until(lambda: [value for _, value in plant.samples()] == [21.5])
        await sensor.say(plant.short, {"at": "2026-11-01T10:00:00Z", "value": 1})
        await until(lambda: len(plant.samples()) == 2)
        assert bridge._inlet is before
        writer.close()
