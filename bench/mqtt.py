"""`python -m bench.mqtt`: samples by MQTT: how late they are, and how many fit.

- **latency**: one sample at a time, by MQTT and by REST in turns, to the same dashboards; the time until a client of
  the SDK has the event. The ratio of the medians.
- **load**: 2,000 samples a second in batches. The delay of a batch, from the device's message to the answer after
  COMMIT and to the SDK client, in the first and in the last third of the time. Not with the broker for development:
  in MQTT 3.1.1 nothing is answered.

By default on PostgreSQL, with Mosquitto. Server, bridge and broker are processes of their own; the devices and the SDK
client share one. Times are those of a
shared machine: read ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiomqtt
import httpx
import psutil
from centrifuge import Client, PublicationContext, SubscriptionEventHandler
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.mqtt.brokers import EMBEDDED, MOSQUITTO, READY_SECONDS, Broker
from tests.mqtt.run import SET_UP, SETTINGS, Owner
from tests.rig import servers
from tests.rig.site import ROOT, Site, Sites
from tests.rig.verify import figure

DEVICES = 40
"""Each has a dashboard of its own, so that the rate of a dashboard's events (10 in half a second) delays none."""
PAUSE_SECONDS = 0.03
BATCHES_PER_SECOND, BATCH = 1, 50
MOST_RATIO = 5.0
MOST_GROWTH, MARGIN_SECONDS = 1.5, 0.05
"""The delay of the last third is at most so many times that of the first, and this."""
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


class Heard(SubscriptionEventHandler):
    """Resolves a future for each sample that is waited for, by its dashboard and time."""

    def __init__(self, board: str, waiting: dict[tuple[str, str], asyncio.Future[float]]) -> None:
        self._board, self._waiting = board, waiting

    async def on_publication(self, ctx: PublicationContext) -> None:
        now = time.perf_counter()
        for sample in ctx.pub.data["data"].get("samples", ()):
            waiting = self._waiting.pop((self._board, sample["at"]), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(now)


@dataclass
class Delays:
    """Seconds of batches, by the time at which they were sent."""

    stored: list[tuple[float, float]] = field(default_factory=list)
    seen: list[tuple[float, float]] = field(default_factory=list)

    @staticmethod
    def thirds(found: list[tuple[float, float]], seconds: float) -> tuple[float, float]:
        """Returns the medians of the first and of the last third."""
        first = [delay for at, delay in found if at < seconds / 3]
        last = [delay for at, delay in found if at >= seconds * 2 / 3]
        return statistics.median(first), statistics.median(last)


class Bench:
    """A site with a broker and a bridge, devices that are connected, and a client of the SDK."""

    def __init__(self, site: Site, broker: str = MOSQUITTO) -> None:
        self.site, self.broker = site, Broker(broker, site.folder)
        self.is_v5 = broker == MOSQUITTO
        self.waiting: dict[tuple[str, str], asyncio.Future[float]] = {}
        self.answers: dict[bytes, asyncio.Future[float]] = {}
        self.owners: list[Owner] = []
        self.clients: list[aiomqtt.Client] = []
        self.bridge: psutil.Process | None = None
        self._count = 0
        self._numbers: dict[str, int] = defaultdict(int)
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        self.broker.start()
        self.site.environment.update(self.broker.settings)
        await asyncio.to_thread(self.site.start)
        made = await asyncio.to_thread(self.site.shell, SET_UP.format(boards=DEVICES, devices=DEVICES))
        self.owners = [Owner(*each) for each in json.loads(made)]
        log = self.site.folder / "bridge.log"
        command = [sys.executable, "manage.py", "mqtt_bridge"]
        process = servers.spawn(command, log=log, cwd=ROOT, env=self.site.environment)
        self._stack.callback(servers.end, process, 15)
        self.bridge = psutil.Process(process.pid)
        users = self.broker.files / "passwords"
        async with asyncio.timeout(READY_SECONDS):
            while self.owners[-1].key not in users.read_text():  # noqa: ASYNC110  a file sends no event
                await asyncio.sleep(0.1)
        await self._follow()
        for owner in self.owners:
            await self._connect(owner)

    async def stop(self) -> None:
        await self._stack.aclose()
        self.broker.kill()

    async def _follow(self) -> None:
        client = Client(self.site.ws_url, token=self.owners[0].text)
        self._stack.push_async_callback(client.disconnect)
        await client.connect()
        await client.ready()
        for owner in self.owners:
            handler = Heard(owner.board, self.waiting)
            subscription = client.new_subscription(f"dashboard:{owner.board}", handler)
            await subscription.subscribe()
            await subscription.ready()

    async def _connect(self, owner: Owner) -> None:
        version = aiomqtt.ProtocolVersion.V5 if self.is_v5 else aiomqtt.ProtocolVersion.V311
        signed_in = {"username": owner.key, "password": owner.text, "protocol": version}
        client = aiomqtt.Client("127.0.0.1", self.broker.port, timeout=60, **signed_in)
        await self._stack.enter_async_context(client)
        self.clients.append(client)
        if not self.is_v5:
            return
        await client.subscribe(owner.answers, 1)
        hearing = asyncio.create_task(self._hear(client))
        self._stack.callback(hearing.cancel)

    async def _hear(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            now = time.perf_counter()
            assert json.loads(message.payload)["status"] == 201, message.payload
            waiting = self.answers.pop(getattr(message.properties, "CorrelationData", b""), None)
            if waiting is not None:
                waiting.set_result(now)

    # -- what is sent ------------------------------------------------------------------------------------------------

    def samples(self, owner: Owner, count: int) -> tuple[list[dict[str, Any]], asyncio.Future[float]]:
        """Returns the next samples of a device, and the future of the moment when the SDK client has the last."""
        first = self._numbers[owner.metric]
        self._numbers[owner.metric] += count
        times = [BEGIN + timedelta(milliseconds=20 * (first + n)) for n in range(count)]
        found = [{"at": at.isoformat(timespec="microseconds").replace("+00:00", "Z"), "value": 1.0} for at in times]
        seen = asyncio.get_running_loop().create_future()
        self.waiting[owner.board, found[-1]["at"]] = seen
        return found, seen

    async def publish(self, number: int, body: Any) -> asyncio.Future[float]:
        """Publishes as a device. Returns the future of the moment of the answer, which comes in MQTT 5 only."""
        self._count += 1
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        properties: Any = None
        if self.is_v5:
            properties = Properties(PacketTypes.PUBLISH)
            properties.ResponseTopic = self.owners[number].answers
            properties.CorrelationData = str(self._count).encode()
            self.answers[properties.CorrelationData] = answered
        await self.clients[number].publish(self.owners[number].topic, json.dumps(body), 1, properties=properties)
        return answered


async def latency(bench: Bench, pairs: int) -> tuple[list[float], list[float]]:
    """Returns the seconds of samples by REST and by MQTT, which take turns."""
    by_rest, by_mqtt = [], []
    async with httpx.AsyncClient(base_url=bench.site.url, trust_env=False) as http:
        for turn in range(2 * pairs):
            number = turn % DEVICES
            owner = bench.owners[number]
            (sample,), seen = bench.samples(owner, 1)
            began = time.perf_counter()
            # Of two rounds over the devices, each device has one by MQTT and one by REST.
            if (turn + turn // DEVICES) % 2:
                await bench.publish(number, sample)
                found = by_mqtt
            else:
                headers = {"Authorization": f"Bearer {owner.text}"}
                answer = await http.post(f"/api/v1/metrics/{owner.metric}/samples/", json=sample, headers=headers)
                assert answer.status_code == 201, answer.text
                found = by_rest
            found.append(await asyncio.wait_for(seen, 30) - began)
            await asyncio.sleep(PAUSE_SECONDS)
    return by_rest, by_mqtt


async def load(bench: Bench, seconds: float) -> Delays:
    """Sends batches at a fixed rate, whatever becomes of them."""
    delays, tasks, began = Delays(), [], time.perf_counter()
    total = round(seconds * DEVICES * BATCHES_PER_SECOND)
    for index in range(total):
        due = began + index / (DEVICES * BATCHES_PER_SECOND)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(_send(bench, index % DEVICES, due - began, due, delays)))
    async with asyncio.timeout(120):
        await asyncio.gather(*tasks)
    return delays


async def _send(bench: Bench, number: int, at: float, due: float, delays: Delays) -> None:
    batch, seen = bench.samples(bench.owners[number], BATCH)
    answered = await bench.publish(number, batch)
    delays.stored.append((at, await answered - due))
    delays.seen.append((at, await seen - due))


async def measure(options: argparse.Namespace, site: Site) -> bool:
    """Prints the figures. Returns whether they hold."""
    bench = Bench(site, options.broker)
    grows = False
    try:
        await bench.start()
        await latency(bench, DEVICES)  # connections and caches
        by_rest, by_mqtt = await latency(bench, options.pairs)
        ratio = statistics.median(by_mqtt) / statistics.median(by_rest)
        figure(
            f"mqtt, {options.size}, {options.broker}, latency to an SDK client: by REST {_ms(by_rest)}, by MQTT "
            f"{_ms(by_mqtt)}, {options.pairs} pairs, ratio {ratio:.2f}; load {os.getloadavg()[0]:.1f}"
        )
        if bench.is_v5:
            grows = await measure_load(bench, options.seconds)
    finally:
        await bench.stop()
    return ratio <= MOST_RATIO and not grows


async def measure_load(bench: Bench, seconds: float) -> bool:
    """Prints the figures of a load. Returns whether the delay grows."""
    assert bench.bridge is not None
    before = sum(bench.bridge.cpu_times()[:2])
    delays = await load(bench, seconds)
    spent = sum(bench.bridge.cpu_times()[:2]) - before
    stored, seen = (Delays.thirds(found, seconds) for found in (delays.stored, delays.seen))
    figure(
        f"mqtt, {DEVICES * BATCHES_PER_SECOND * BATCH} samples a second in batches of {BATCH} for "
        f"{seconds:.0f} s: to the answer after COMMIT p50 {stored[0] * 1000:.0f} ms in the first third, "
        f"{stored[1] * 1000:.0f} ms in the last; to an SDK client {seen[0] * 1000:.0f} and {seen[1] * 1000:.0f} "
        f"ms; the bridge used {spent / seconds:.2f} of a core; load {os.getloadavg()[0]:.1f}"
    )
    return any(last > first * MOST_GROWTH + MARGIN_SECONDS for first, last in (stored, seen))


def _ms(found: list[float]) -> str:
    ordered = sorted(found)
    p50, p95 = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
    return f"p50 {p50 * 1000:.1f}, p95 {p95 * 1000:.1f} ms"


def run(
    parser: argparse.ArgumentParser, measure: Callable[[argparse.Namespace, Site], Coroutine[Any, Any, bool]]
) -> int:
    """Measures a site of the size, with the broker, that the command line names. Returns the exit code."""
    parser.add_argument("--size", choices=("embedded", "grown"), default="grown")
    parser.add_argument("--broker", choices=(EMBEDDED, MOSQUITTO), default=MOSQUITTO)
    parser.add_argument("--check", action="store_true", help="fail above the promised figures")
    options = parser.parse_args()
    sites = Sites(servers.temporary_folder("bench-mqtt"))
    site = sites.make(options.size, processes=1, settings=SETTINGS)
    try:
        holds = asyncio.run(measure(options, site))
    finally:
        site.stop()
        sites.stop()
    return 1 if options.check and not holds else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=45.0)
    return run(parser, measure)


if __name__ == "__main__":
    sys.exit(main())
