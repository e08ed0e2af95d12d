"""Samples from many devices through a broker, while the bridge, the broker, the server and the database are killed.

A device sends each sample until it is certain that it is stored: with MQTT 5 it gets an answer, which the bridge sends
after COMMIT; with MQTT 3.1.1 it finds the sample in the REST API. A display stays subscribed to all events. Half-way, a
device publishes on the topics of others, and a key is revoked.
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
import httpx
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.mqtt.brokers import MOSQUITTO, READY_SECONDS, Broker
from tests.rig import servers
from tests.rig.site import ROOT, Site, tracebacks

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
SETTINGS: dict[str, str] = dict.fromkeys(
    ("REQUESTS_PER_USER", "REQUESTS_PER_KEY", "WRITTEN_BYTES_PER_USER", "PRUNE_SECONDS"), "0"
)
ANSWER_SECONDS = 10.0
"""After this time without an answer a device sends a sample again."""
WINDOW = 4
"""Samples of one device that are not answered yet."""
LOOK_SECONDS = 1.0
REVOKED_SECONDS = 2.0
RESET = "stream.reset"
FOREIGN = -1.0
"""The value of samples on topics of other devices."""
SET_UP = """
import json
from tests.factories import make_dashboard, make_metric, make_user
from api.models import Key
user = make_user("Alice"); boards = [make_dashboard(user, name=f"Plant {{n}}") for n in range({boards})]
made = []
for n in range({devices}):
    metric = make_metric(boards[n % {boards}], key=f"m{{n}}")
    scopes = ["samples:write", "samples:read", "streams:read"]
    key = Key.objects.issue(user, made_by=user, name=f"d{{n}}", scopes=scopes)
    made.append([str(key.pk), key.text, str(metric.pk), str(metric.dashboard_id)])
print(json.dumps(made))
"""
STORED = """
import json
from api.models import Sample
stored = {}
for metric, at, value in Sample.objects.values_list("series__metric", "at", "value").iterator():
    stored.setdefault(str(metric), []).append((at, value))
print(json.dumps(stored))
"""
HEADS = """
import json
from tidewire.models import DelayedEvent, Stream
heads = dict(Stream.objects.filter(name__startswith="dashboard:").values_list("name", "head"))
print(json.dumps([DelayedEvent.objects.count(), heads]))
"""
REVOKE = """
import time
from api.models import Key
Key.objects.get(pk="{key}").revoke()
print(time.time())
"""


@dataclass(frozen=True)
class Plan:
    broker: str = MOSQUITTO
    samples: int = 20_000
    devices: int = 50
    kills: int = 5
    most_seconds: float = 1500.0
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
    revoked_seconds: float = 0.0


@dataclass
class Owner:
    """A device: its key, its metric, and the samples of which it does not know that they are stored."""

    key: str
    text: str
    metric: str
    board: str
    open: dict[int, None] = field(default_factory=dict)
    sent_at: dict[int, float] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        return f"tidewire/keys/{self.key}/metrics/{self.metric}/samples"

    @property
    def answers(self) -> str:
        return f"tidewire/answers/{self.key}/a"

    @property
    def events(self) -> str:
        return f"tidewire/streams/dashboard/{self.board}/samples.recorded"


class Run:
    def __init__(self, site: Site, plan: Plan) -> None:
        self.site, self.plan, self.found = site, plan, Found()
        self.broker = Broker(plan.broker, site.folder)
        self.is_v5 = plan.broker == MOSQUITTO
        self.site.environment.update(self.broker.settings)
        self._bridge: subprocess.Popen[bytes] | None = None
        self._log = site.folder / "bridge.log"
        self._heard: dict[str, list[int]] = defaultdict(list)

    async def run(self) -> Found:
        self.broker.start()
        if self.site.postgresql is not None:
            name = self.site.environment["DATABASE_URL"].rpartition("/")[2]
            self.site.postgresql.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = on')
        await asyncio.to_thread(self.site.start)
        # One more than there are devices: its key is revoked.
        code = SET_UP.format(boards=max(1, self.plan.devices // 10), devices=self.plan.devices + 1)
        made = [Owner(*each) for each in json.loads(await asyncio.to_thread(self.site.shell, code))]
        await asyncio.to_thread(self._start_bridge)
        users = self.broker.files / "passwords"
        while any(each.key not in users.read_text() for each in made):  # noqa: ASYNC110  a file sends no event
            await asyncio.sleep(0.1)
        *devices, spare = made
        display = asyncio.create_task(self._listen(devices[0]))
        try:
            async with asyncio.timeout(self.plan.most_seconds):
                await self._work(devices, spare)
            await self._judge(devices)
        finally:
            display.cancel()
            await asyncio.gather(display, return_exceptions=True)
            servers.end(self._process, signal.SIGTERM)
            self.broker.kill()
        return self.found

    async def _work(self, devices: list[Owner], spare: Owner) -> None:
        began = time.monotonic()
        share = self.plan.samples // self.plan.devices
        tasks = [asyncio.create_task(self._push(each, share)) for each in devices]
        tasks.append(asyncio.create_task(self._break(spare, devices[:2])))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            unsure = sum(len(each.open) for each in devices)
            if unsure:
                self.found.wrong.append(f"after {time.monotonic() - began:.0f} s {unsure} samples are not answered")
        self.found.seconds = time.monotonic() - began

    # -- processes ---------------------------------------------------------------------------------------------------

    @property
    def _process(self) -> subprocess.Popen[bytes]:
        assert self._bridge is not None
        return self._bridge

    def _start_bridge(self) -> None:
        """Starts the bridge and waits until it is connected. Raises ServerError after READY_SECONDS."""
        before = self._connects()
        command = [sys.executable, "manage.py", "mqtt_bridge"]
        self._bridge = servers.spawn(command, log=self._log, cwd=ROOT, env=self.site.environment)
        deadline = time.monotonic() + READY_SECONDS
        while self._connects() == before:
            if time.monotonic() > deadline or self._bridge.poll() is not None:
                raise servers.ServerError(f"the bridge does not connect:\n{servers.tail(self._log)}")
            time.sleep(0.05)

    def _connects(self) -> int:
        return self._log.read_text().count("is connected") if self._log.exists() else 0

    async def _break(self, spare: Owner, pair: list[Owner]) -> None:
        """Kills everything in turn. Half-way, one device tries another's topics, and the spare key is revoked."""
        chance = random.Random(self.plan.seed)
        kinds = ["bridge", "broker", "server"] + (["database"] if self.site.postgresql is not None else [])
        order = kinds * self.plan.kills
        chance.shuffle(order)
        for number, kind in enumerate(order):
            if number == len(order) // 2:
                await self._trespass(*pair)
                await self._revoke(spare)
            due = self.plan.samples * (number + 1) // (len(order) + 2)
            while self.found.answered < due:  # noqa: ASYNC110  so that they are spread over all samples
                await asyncio.sleep(0.1)
            await asyncio.to_thread(getattr(self, f"_kill_{kind}"))
            self.found.killed[kind] += 1

    def _kill_bridge(self) -> None:
        servers.end(self._process, signal.SIGKILL)
        self._start_bridge()

    def _kill_broker(self) -> None:
        before = self._connects()
        self.broker.kill()
        self.broker.start()
        deadline = time.monotonic() + READY_SECONDS
        while self._connects() == before:
            if time.monotonic() > deadline:
                raise servers.ServerError(f"the bridge does not come back:\n{servers.tail(self._log)}")
            time.sleep(0.05)

    def _kill_server(self) -> None:
        server = self.site.servers[0]
        server.kill()
        server.start()

    def _kill_database(self) -> None:
        assert self.site.postgresql is not None
        self.site.postgresql.restart()

    # -- clients -----------------------------------------------------------------------------------------------------

    def _client(self, owner: Owner, **options: Any) -> aiomqtt.Client:
        protocol = aiomqtt.ProtocolVersion.V5 if self.is_v5 else aiomqtt.ProtocolVersion.V311
        place = ("127.0.0.1", self.broker.port)
        return aiomqtt.Client(
            *place, username=owner.key, password=owner.text, protocol=protocol, timeout=20, keepalive=10, **options
        )

    async def _push(self, owner: Owner, share: int) -> None:
        """Sends samples until all are certain, over as many connections as it takes."""
        owner.open = dict.fromkeys(range(share))
        while owner.open:
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError, OSError):
                async with self._client(owner) as client:
                    await client.subscribe(owner.answers, 1)
                    owner.sent_at.clear()
                    hearing = asyncio.create_task(
                        self._hear(client, owner) if self.is_v5 else self._look(client, owner)
                    )
                    try:
                        while owner.open and not hearing.done():
                            await self._send_some(client, owner)
                            await asyncio.sleep(0.01)
                    finally:
                        hearing.cancel()
                        await asyncio.gather(hearing, return_exceptions=True)
            await asyncio.sleep(0.1 if owner.open else 0)

    async def _send_some(self, client: aiomqtt.Client, owner: Owner) -> None:
        now = time.monotonic()
        for number in list(owner.open)[:WINDOW]:
            if now - owner.sent_at.get(number, -ANSWER_SECONDS) < ANSWER_SECONDS:
                continue
            properties: Any = None
            if self.is_v5:
                properties = Properties(PacketTypes.PUBLISH)
                properties.ResponseTopic, properties.CorrelationData = owner.answers, str(number).encode()
            await client.publish(owner.topic, _sample(number, number), 1, properties=properties)
            owner.sent_at[number] = now
            self.found.sent += 1

    async def _hear(self, client: aiomqtt.Client, owner: Owner) -> None:
        async for message in client.messages:
            body = json.loads(message.payload)
            number = int(getattr(message.properties, "CorrelationData", b""))
            if body["status"] == 201:
                self._are_stored(owner, [number])
            else:
                self.found.wrong.append(f"{owner.key} got {body['status']} for {number}: {message.payload[:300]!r}")

    async def _look(self, client: aiomqtt.Client, owner: Owner) -> None:
        """Reads again and again which samples are stored, as long as the client is connected."""
        path = f"{self.site.url}/api/v1/metrics/{owner.metric}/samples/"
        headers = {"Authorization": f"Bearer {owner.text}"}
        async with httpx.AsyncClient(trust_env=False, headers=headers, timeout=5) as http:
            while owner.open and not client._disconnected.done():
                await asyncio.sleep(LOOK_SECONDS)
                first = BEGIN + timedelta(seconds=min(owner.open, default=0))
                times = {"from": first.isoformat(), "to": (first + timedelta(minutes=5)).isoformat()}
                with contextlib.suppress(httpx.HTTPError):
                    answer = await http.get(path, params=times)
                    if answer.status_code == 200:
                        found = [datetime.fromisoformat(each["at"]) for each in answer.json()["results"]]
                        self._are_stored(owner, [round((at - BEGIN).total_seconds()) for at in found])

    def _are_stored(self, owner: Owner, numbers: list[int]) -> None:
        for number in numbers:
            self.found.answered += owner.open.pop(number, True) is None

    async def _trespass(self, owner: Owner, other: Owner) -> None:
        """Publishes on topics of another device. Mosquitto ends the connection of a client of MQTT 5 that does that."""
        short = f"tidewire/metrics/{other.metric}/samples"
        for topic in (other.topic, other.events, f"tidewire/state/dashboard/{other.board}/{other.metric}/samples"):
            with contextlib.suppress(aiomqtt.MqttError):
                async with self._client(owner) as client:
                    await client.publish(topic, _sample(10**6, FOREIGN), 1)
        if self._holder(short) == owner.key:
            return
        with contextlib.suppress(aiomqtt.MqttError):
            async with self._client(owner) as client:
                await client.publish(short, _sample(10**6, FOREIGN), 1)

    def _holder(self, topic: str) -> str:
        """Returns the key that has a short path, as the broker's file says."""
        acl = (self.broker.files / "acl").read_text()
        return acl.partition(f"# holder {topic.partition('/')[2]} ")[2].partition("\n")[0]

    async def _revoke(self, owner: Owner) -> None:
        """Measures from the COMMIT of a revocation to the end of the key's connection."""
        at = time.time()
        with contextlib.suppress(aiomqtt.MqttError):
            async with self._client(owner) as client:
                at = float(await asyncio.to_thread(self.site.shell, REVOKE.format(key=owner.key)))
                async with asyncio.timeout(READY_SECONDS):
                    await asyncio.wait([client._disconnected])
        self.found.revoked_seconds = time.time() - at
        if self.found.revoked_seconds > REVOKED_SECONDS:
            self.found.wrong.append(f"a revoked key was disconnected after {self.found.revoked_seconds:.1f} s")

    async def _listen(self, owner: Owner) -> None:
        options: dict[str, Any] = {"clean_session": False}
        if self.is_v5:
            properties: Any = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 3600
            options = {"clean_start": False, "properties": properties}
        while True:
            with contextlib.suppress(aiomqtt.MqttError, OSError):
                async with self._client(owner, identifier="display", **options) as client:
                    await client.subscribe("tidewire/streams/dashboard/#", 1)
                    async for message in client.messages:
                        self._note(str(message.topic), json.loads(message.payload))
            await asyncio.sleep(0.1)

    def _note(self, topic: str, event: Any) -> None:
        self._heard[event["stream"]].append(event["offset"])
        if event["type"] == RESET:
            self.found.wrong.append(f"{topic}: events before {event['offset']} are missing")
        elif any(sample["value"] == FOREIGN for sample in event["data"].get("samples", ())):
            self.found.wrong.append(f"{topic} has what another device has published")

    # -- verdict -----------------------------------------------------------------------------------------------------

    async def _judge(self, devices: list[Owner]) -> None:
        stored = json.loads(await asyncio.to_thread(self.site.shell, STORED))
        share = self.plan.samples // self.plan.devices
        first = round(BEGIN.timestamp() * 1_000_000)
        for owner in devices:
            found = sorted((at, value) for at, value in stored.get(owner.metric, []))
            if found != [(first + number * 1_000_000, float(number)) for number in range(share)]:
                values = Counter(value for _, value in found)
                self.found.wrong.append(f"{owner.key}: {len(found)} of {share} samples are stored, {values}")
        delayed, heads = json.loads(await asyncio.to_thread(self.site.shell, HEADS))
        deadline = time.monotonic() + READY_SECONDS
        while delayed or any(max(self._heard[name], default=0) < head for name, head in heads.items()):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
            delayed, heads = json.loads(await asyncio.to_thread(self.site.shell, HEADS))
        for name, head in heads.items():
            self._judge_stream(name, head)
        if self.is_v5 and self.found.missed:
            self.found.wrong.append(f"{self.found.missed} events were never heard")
        self.found.wrong += [f"the bridge's log: {each}" for each in tracebacks(self._log.read_text())]

    def _judge_stream(self, name: str, head: int) -> None:
        """In order means: a new offset is the highest so far. Repetitions are allowed. The broker for development saves
        nothing, so what it lost by its own death is only counted."""
        offsets = self._heard[name]
        self.found.heard += len(set(offsets))
        self.found.repeated += len(offsets) - len(set(offsets))
        seen, highest = set[int](), 0
        for offset in offsets:
            if offset not in seen and offset < highest:
                self.found.wrong.append(f"{name}: {offset} came after {highest}")
            seen.add(offset)
            highest = max(highest, offset)
        if highest < head:
            self.found.wrong.append(f"{name}: heard up to {highest} of {head}")
        self.found.missed += len(set(range(min(offsets, default=1), head + 1)) - seen)


def _sample(number: int, value: float) -> str:
    return json.dumps({"at": (BEGIN + timedelta(seconds=number)).isoformat(), "value": value})
