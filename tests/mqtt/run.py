"""Samples from many devices through Mosquitto, while the bridge, the broker, the server and the database are killed.

A device sends each sample until the service has answered on its response topic, which it does after COMMIT. A display
stays subscribed to all events.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.mqtt.brokers import MOSQUITTO, Broker
from tests.rig import servers
from tests.rig.site import ROOT, Site

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
SETTINGS = dict.fromkeys(("REQUESTS_PER_USER", "REQUESTS_PER_KEY", "WRITTEN_BYTES_PER_USER", "PRUNE_SECONDS"), "0")
ANSWER_SECONDS = 5.0
"""After this time without an answer a device sends a sample again."""
WINDOW = 8
"""Samples of one device that are not answered yet."""
SET_UP = """
import json
from django.db import transaction
from tests.factories import make_dashboard, make_metric, make_user
from api.models import Key
user = make_user("Alice"); boards = [make_dashboard(user, name=f"Plant {{n}}") for n in range({boards})]
made = []
for n in range({devices}):
    metric = make_metric(boards[n % {boards}], key=f"m{{n}}")
    key = Key.objects.issue(user, made_by=user, name=f"d{{n}}", scopes=["samples:write", "streams:read"])
    made.append([str(key.pk), key.text, str(metric.pk)])
print(json.dumps(made))
"""
STORED = """
import json
from api.models import Sample
from tidewire.models import Event, Stream
rows = Sample.objects.values_list("series__metric", "at")
stored = {}
for metric, at in rows.iterator():
    stored.setdefault(str(metric), []).append(at)
heads = dict(Stream.objects.filter(name__startswith="dashboard:").values_list("name", "head"))
print(json.dumps([stored, heads]))
"""


@dataclass(frozen=True)
class Plan:
    samples: int = 20_000
    devices: int = 50
    kills: int = 5
    seconds_between: float = 2.0
    most_seconds: float = 900.0
    seed: int = 1


@dataclass
class Found:
    wrong: list[str] = field(default_factory=list)
    answered: int = 0
    sent: int = 0
    heard: int = 0
    repeated: int = 0
    missed: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Run:
    def __init__(self, site: Site, plan: Plan) -> None:
        self.site, self.plan, self.found = site, plan, Found()
        self.broker = Broker(MOSQUITTO, site.folder)
        self.site.environment.update(self.broker.settings)
        self._bridge: subprocess.Popen[bytes] | None = None
        self._log = site.folder / "bridge.log"
        self._heard: dict[str, list[int]] = defaultdict(list)
        self._are_done = asyncio.Event()

    async def run(self) -> Found:
        self.broker.start()
        if self.site.postgresql is not None:
            name = self.site.environment["DATABASE_URL"].rpartition("/")[2]
            self.site.postgresql.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = on')
        await asyncio.to_thread(self.site.start)
        boards = max(1, self.plan.devices // 10)
        made = json.loads(
            await asyncio.to_thread(self.site.shell, SET_UP.format(boards=boards, devices=self.plan.devices))
        )
        self._start_bridge()
        users = self.broker.files / "passwords"
        while any(key not in users.read_text() for key, _, _ in made):  # noqa: ASYNC110  a file sends no event
            await asyncio.sleep(0.1)
        began = time.monotonic()
        display = asyncio.create_task(self._listen(*made[0][:2]))
        share = self.plan.samples // self.plan.devices
        devices = [asyncio.create_task(self._push(*each, share)) for each in made]
        faults = asyncio.create_task(self._break())
        try:
            async with asyncio.timeout(self.plan.most_seconds):
                await asyncio.gather(*devices)
                await faults
        finally:
            for task in (*devices, faults):
                task.cancel()
        self.found.seconds = time.monotonic() - began
        await self._judge(made, share)
        display.cancel()
        await asyncio.gather(display, return_exceptions=True)
        servers.end(self._process, signal.SIGTERM)
        self.broker.kill()
        return self.found

    # -- processes ---------------------------------------------------------------------------------------------------

    @property
    def _process(self) -> subprocess.Popen[bytes]:
        assert self._bridge is not None
        return self._bridge

    def _start_bridge(self) -> None:
        command = [sys.executable, "manage.py", "mqtt_bridge"]
        self._bridge = servers.spawn(command, log=self._log, cwd=ROOT, env=self.site.environment)

    async def _break(self) -> None:
        chance = random.Random(self.plan.seed)
        kinds = ["bridge", "broker", "server"] + (["database"] if self.site.postgresql is not None else [])
        order = kinds * self.plan.kills
        chance.shuffle(order)
        for kind in order:
            await asyncio.sleep(self.plan.seconds_between)
            await asyncio.to_thread(getattr(self, f"_kill_{kind}"))
            self.found.killed[kind] += 1

    def _kill_bridge(self) -> None:
        before = self._log.read_text().count("is connected")
        servers.end(self._process, signal.SIGKILL)
        self._start_bridge()
        deadline = time.monotonic() + 60
        while self._log.read_text().count("is connected") == before and time.monotonic() < deadline:
            time.sleep(0.1)

    def _kill_broker(self) -> None:
        self.broker.kill()
        self.broker.start()

    def _kill_server(self) -> None:
        server = self.site.servers[0]
        server.kill()
        server.start()

    def _kill_database(self) -> None:
        assert self.site.postgresql is not None
        self.site.postgresql.restart()

    # -- clients -----------------------------------------------------------------------------------------------------

    def _client(self, key: str, text: str, **options: Any) -> aiomqtt.Client:
        return aiomqtt.Client(
            "127.0.0.1",
            self.broker.port,
            username=key,
            password=text,
            protocol=aiomqtt.ProtocolVersion.V5,
            timeout=20,
            **options,
        )

    async def _push(self, key: str, text: str, metric: str, share: int) -> None:
        """Sends samples until all are answered, over as many connections as it takes."""
        open_, sent_at = dict.fromkeys(range(share)), dict[int, float]()
        topic, place = f"tidewire/keys/{key}/metrics/{metric}/samples", f"tidewire/answers/{key}/a"
        while open_:
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError, OSError):
                async with self._client(key, text) as client:
                    await client.subscribe(place, 1)
                    sent_at.clear()
                    hearing = asyncio.create_task(self._hear(client, open_, sent_at, key))
                    try:
                        while open_ and not hearing.done():
                            await self._send_some(client, topic, place, open_, sent_at)
                            await asyncio.sleep(0.01)
                    finally:
                        hearing.cancel()
                        await asyncio.gather(hearing, return_exceptions=True)
            await asyncio.sleep(0.1 if open_ else 0)

    async def _send_some(self, client: Any, topic: str, place: str, open_: Any, sent_at: dict[int, float]) -> None:
        now = time.monotonic()
        for number in list(open_)[:WINDOW]:
            if now - sent_at.get(number, 0.0) < ANSWER_SECONDS:
                continue
            properties: Any = Properties(PacketTypes.PUBLISH)
            properties.ResponseTopic, properties.CorrelationData = place, str(number).encode()
            sample = {"at": (BEGIN + timedelta(seconds=number)).isoformat(), "value": number}
            await client.publish(topic, json.dumps(sample), 1, properties=properties)
            sent_at[number] = now
            self.found.sent += 1

    async def _hear(self, client: Any, open_: Any, sent_at: dict[int, float], key: str) -> None:
        async for message in client.messages:
            number, status = int(message.properties.CorrelationData), json.loads(message.payload)["status"]
            if status != 201:
                self.found.wrong.append(f"{key} got {status}: {message.payload[:200]!r}")
            if open_.pop(number, 1) is None:
                self.found.answered += 1

    async def _listen(self, key: str, text: str) -> None:
        properties: Any = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3600
        while True:
            with contextlib.suppress(aiomqtt.MqttError, OSError):
                client = self._client(key, text, identifier="display", clean_start=False, properties=properties)
                async with client:
                    await client.subscribe("tidewire/streams/dashboard/#", 1)
                    async for message in client.messages:
                        event = json.loads(message.payload)
                        self._heard[event["stream"]].append(event["offset"])
            await asyncio.sleep(0.1)

    # -- verdict -----------------------------------------------------------------------------------------------------

    async def _judge(self, made: list[list[str]], share: int) -> None:
        stored, heads = json.loads(await asyncio.to_thread(self.site.shell, STORED))
        for key, _, metric in made:
            times = stored.get(metric, [])
            if len(times) != share or len(set(times)) != share:
                self.found.wrong.append(f"{key}: {len(times)} of {share} samples are stored")
        deadline = time.monotonic() + 60
        while any(max(self._heard[name], default=0) < head for name, head in heads.items()):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.2)
            heads = json.loads(await asyncio.to_thread(self.site.shell, STORED))[1]
        for name, head in heads.items():
            self._judge_stream(name, head)

    def _judge_stream(self, name: str, head: int) -> None:
        """In order means: a new offset is the highest so far. Repetitions are allowed. What Mosquitto had confirmed to
        the bridge and lost by its own death is counted, and is not the bridge's."""
        offsets = self._heard[name]
        self.found.heard += len(set(offsets))
        self.found.repeated += len(offsets) - len(set(offsets))
        seen: set[int] = set()
        for offset in offsets:
            if offset not in seen and seen and offset < max(seen):
                self.found.wrong.append(f"{name}: {offset} came after {max(seen)}")
            seen.add(offset)
        if not offsets or max(offsets) < head:
            self.found.wrong.append(f"{name}: heard up to {max(offsets, default=0)} of {head}")
        self.found.missed += len(set(range(min(offsets, default=1), head + 1)) - seen)
