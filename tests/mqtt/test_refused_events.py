"""Events that a broker refuses. Mosquitto ends the connection when it refuses a message, so a broker that does not is
stood in for, as far as the bridge speaks to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db.models import F

from tests.factories import make_dashboard, make_metric
from tests.mqtt.conftest import bridging, until
from tidewire.engine.reader import Reader
from tidewire.log.tables import Event, Stream
from tidewire.models import MqttPosition
from tidewire.mqtt import bridge, names, reading
from tidewire.mqtt.link import Link
from tidewire.mqtt.outgoing import Outgoing
from tidewire.mqtt.reading import Run

pytestmark = pytest.mark.django_db(transaction=True)

CONNECT, PUBLISH, SUBSCRIBE, PINGREQ = 1, 3, 8, 12
QUOTA_EXCEEDED = 0x97


class RefusingBroker:
    """Confirms each message of MQTT 5 and passes none on. What has `refused` in its topic is refused."""

    def __init__(self) -> None:
        self.refused = "none"
        self.refusals = 0
        self.retained: dict[str, bytes] = {}
        self.listeners: dict[asyncio.StreamWriter, list[str]] = {}
        self.taken: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                first = (await reader.readexactly(1))[0]
                body = await reader.readexactly(await self._length(reader))
                writer.write(self._answer(first, body))
                if first >> 4 == SUBSCRIBE:
                    self._listen(body, writer)
        except asyncio.IncompleteReadError:
            writer.close()

    @staticmethod
    async def _length(reader: asyncio.StreamReader) -> int:
        length = shift = 0
        while True:
            byte = (await reader.readexactly(1))[0]
            length |= (byte & 127) << shift
            if byte < 128:
                return length
            shift += 7

    def _take(self, topic: str, payload: bytes, *, is_retained: bool) -> None:
        self.taken.append(topic)
        if is_retained and payload:
            self.retained[topic] = payload
        elif is_retained:
            self.retained.pop(topic, None)
        for writer in list(self.listeners):
            self._send(writer, topic, payload)

    def _listen(self, body: bytes, writer: asyncio.StreamWriter) -> None:
        """Sends what is retained, and from now on what is published. A filter is a topic, or ends in #."""
        filters, at = [], 3
        while at < len(body):
            end = at + 2 + int.from_bytes(body[at : at + 2], "big")
            filters.append(body[at + 2 : end].decode())
            at = end + 1
        self.listeners[writer] = filters
        for topic, payload in self.retained.items():
            self._send(writer, topic, payload)

    def _send(self, writer: asyncio.StreamWriter, topic: str, payload: bytes) -> None:
        if any(
            topic == each or (each.endswith("#") and topic.startswith(each[:-1])) for each in self.listeners[writer]
        ):
            body = len(topic).to_bytes(2, "big") + topic.encode() + b"\x00" + payload
            writer.write(b"\x30" + bytes([len(body) & 127 | 128, len(body) >> 7]) + body)

    def _answer(self, first: int, body: bytes) -> bytes:
        kind = first >> 4
        if kind == CONNECT:
            return b"\x20\x03\x00\x00\x00"
        if kind == PINGREQ:
            return b"\xd0\x00"
        if kind == SUBSCRIBE:
            return b"\x90\x05" + body[:2] + b"\x00\x01\x01"
        if kind != PUBLISH:
            return b""
        end = 2 + int.from_bytes(body[:2], "big")
        topic, number = body[2:end].decode(), body[end : end + 2]
        is_refused = self.refused in topic
        self.refusals += is_refused
        if not is_refused:
            self._take(topic, body[end + 3 + body[end + 2] :], is_retained=bool(first & 1))
        return b"\x40\x03" + number + bytes([QUOTA_EXCEEDED if is_refused else 0])


@pytest.fixture
async def refusing(settings: Any) -> AsyncIterator[RefusingBroker]:
    broker = RefusingBroker()
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    own = {"MQTT_PORT": port, "MQTT_PROTOCOL": "5", "MQTT_FILES": None}
    settings.TIDEWIRE = {**settings.TIDEWIRE, **own}
    yield broker
    server.close()


async def test_a_refused_event_holds_up_its_stream_only_until_it_is_taken(plant, refusing):
    def write() -> list[str]:
        reading.begin()
        other = make_metric(make_dashboard(plant.alice))
        plant.metric.change(name="Heat")
        other.change(name="Pressure")
        return [f"dashboard:{plant.dashboard.pk}", f"dashboard:{other.dashboard_id}"]

    def behind(streams: Sequence[str]) -> list[int]:
        heads = dict(Stream.objects.filter(name__in=streams).values_list("name", "head"))
        offsets = dict(MqttPosition.objects.filter(stream__name__in=streams).values_list("stream__name", "offset"))
        return [heads[name] - offsets.get(name, 0) for name in streams]

    async def at_once(runs: Sequence[Run]) -> None:
        """The broker knows already who may read them."""

    streams = await sync_to_async(write)()
    before = await sync_to_async(behind)(streams)
    reader = Reader(1)
    async with Link("test") as link:
        outgoing = Outgoing(link, reader, at_once)
        refusing.refused = f"/{plant.dashboard.pk}/"
        await outgoing.publish_next(only_touched=False)
        while_refused = await sync_to_async(behind)(streams)
        assert not any(refusing.refused in topic for topic in refusing.taken)
        refusing.refused = "none"
        await outgoing.publish_next(only_touched=False)
        at_last = await sync_to_async(behind)(streams)
    reader.close()
    assert min(before) > 0
    assert (while_refused, at_last) == ([before[0], 0], [0, 0])
    assert any(f"/{plant.dashboard.pk}/" in topic for topic in refusing.taken)


async def test_a_refused_state_is_published_again_without_another_change(plant, refusing, monkeypatch):
    """What a broker that is new should retain: all, then what it has refused, and at last the mark that it has all."""
    monkeypatch.setattr(bridge, "STATES_SECONDS", 0.05)
    other = await sync_to_async(lambda: make_metric(make_dashboard(plant.alice)))()
    refusing.refused = f"/state/dashboard/{plant.dashboard.pk}/{plant.metric.pk}/"
    state, mark = names.below("state", "dashboard", str(plant.dashboard.pk), str(plant.metric.pk)), names.states_mark()
    async with bridging():
        await until(lambda: refusing.refusals >= 3)
        assert mark not in refusing.taken
        refusing.refused = "none"
        await until(lambda: mark in refusing.taken)
    of_other = [topic for topic in refusing.taken if f"/{other.pk}/" in topic]
    assert len(of_other) == 1
    assert f"{state}/metric" in refusing.taken


async def test_what_is_retained_of_a_stream_that_ended_is_cleared_again_until_it_is(plant, refusing):
    """The broker says what it retains: the log has forgotten the events of objects that were quiet for long."""
    board = plant.dashboard.pk
    position = MqttPosition.objects.filter(stream__name=f"dashboard:{board}", offset=F("stream__head"))
    states = f"/state/dashboard/{board}/"
    async with bridging():
        await until(lambda: names.states_mark() in refusing.taken)
        await until(position.exists)
        assert len([topic for topic in refusing.retained if states in topic]) == 2
        await Event.objects.filter(stream__name=f"dashboard:{board}").adelete()
        refusing.refused = states
        await sync_to_async(plant.dashboard.delete)()
        await until(lambda: refusing.refusals >= 2)
        assert not await position.aexists()
        refusing.refused = "none"
        await until(position.exists)
    assert not [topic for topic in refusing.retained if states in topic]
