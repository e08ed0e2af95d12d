"""Many programs push samples into one dashboard: each viewer gets few events, and every sample."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import websockets

from api.streams import dashboards
from tests.rig.rest import Person
from tests.rig.site import Site
from tests.rig.verify import IS_VERIFY
from tests.scenarios.crowds import crowd_tokens

# On a busy machine the pushes take longer than a token usually lives.
pytestmark = pytest.mark.site(settings={"ACCESS_TOKEN_SECONDS": "3600"})
PUSHERS, VIEWERS, SECONDS, METRICS = (200, 100, 5, 20) if IS_VERIFY else (20, 5, 3, 4)
SAMPLES = 5  # of each pusher, a second
WAIT_SECONDS = 120
BASE = datetime(2026, 1, 2, tzinfo=UTC)

Sample = tuple[str, str]
Pushed = dict[Sample, float]


@dataclass
class Viewer:
    """What arrived over one socket."""

    samples: dict[Sample, float] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)

    async def look(self, url: str, token: str, stream: str, ready: asyncio.Event) -> None:
        async with websockets.connect(url, max_size=None) as socket:
            await socket.send(json.dumps({"id": 1, "connect": {"token": token}}))
            await socket.send(json.dumps({"id": 2, "subscribe": {"channel": stream}}))
            async for message in socket:
                for line in message.split("\n"):
                    await self._receive(json.loads(line), socket, ready)

    async def _receive(self, frame: dict, socket, ready: asyncio.Event) -> None:
        assert "error" not in frame, frame
        if not frame:
            await socket.send("{}")
        elif "subscribe" in frame:
            ready.set()
        elif pub := frame.get("push", {}).get("pub"):
            event = pub["data"]
            self.offsets.append(pub["offset"])
            if event["type"] == "samples.recorded":
                self.times.append(datetime.fromisoformat(event["at"]))
                metric = event["data"]["metric"]
                self.samples |= {(metric, sample["at"]): sample["value"] for sample in event["data"]["samples"]}


async def push(
    http: httpx.AsyncClient, metric: str, number: int, pushed: dict[Sample, float], taken: list[float]
) -> None:
    """Pushes a batch once a second, or later when the server has not yet answered the one before."""
    start = time.monotonic()
    for second in range(SECONDS):
        await asyncio.sleep(max(0.0, start + second - time.monotonic()))
        moments = [BASE + timedelta(seconds=second, milliseconds=100 * n, microseconds=number) for n in range(SAMPLES)]
        samples = [{"at": at.isoformat(), "value": second + n / 10} for n, at in enumerate(moments)]
        asked = time.monotonic()
        answer = await http.post(f"metrics/{metric}/samples/", json={"samples": samples})
        while answer.status_code == 503:  # the server is busy
            await asyncio.sleep(0.2)
            answer = await http.post(f"metrics/{metric}/samples/", json={"samples": samples})
        assert answer.json() == {"recorded": SAMPLES}, answer.text
        taken.append(time.monotonic() - asked)
        for at, sample in zip(moments, samples, strict=True):
            pushed[metric, at.isoformat(timespec="microseconds").replace("+00:00", "Z")] = sample["value"]


@pytest.mark.slow
async def test_viewers_get_few_events_and_every_sample(site: Site):
    owner = await asyncio.to_thread(Person.register, site.url, "owner")
    token = await asyncio.to_thread(owner.fresh_token)
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=PUSHERS)
    async with httpx.AsyncClient(
        base_url=f"{site.url}/api/v1/", headers=headers, timeout=60, limits=limits, trust_env=False
    ) as http:
        board = (await http.post("dashboards/", json={"name": "Burst", "visibility": "public"})).json()["id"]
        made = [await http.post(f"dashboards/{board}/metrics/", json={"key": f"m{n}"}) for n in range(METRICS)]
        metrics = [answer.json()["id"] for answer in made]
        viewers = [Viewer() for _ in range(VIEWERS)]
        tokens = await asyncio.to_thread(crowd_tokens, site, VIEWERS)
        looking, ready = [], []
        for viewer, own in zip(viewers, tokens, strict=True):
            ready.append(asyncio.Event())
            looking.append(asyncio.create_task(viewer.look(site.ws_url, own, f"dashboard:{board}", ready[-1])))
        await asyncio.wait_for(asyncio.gather(*(event.wait() for event in ready)), 60)

        pushed: Pushed = {}
        taken: list[float] = []
        started = time.monotonic()
        await asyncio.gather(*(push(http, metrics[n % METRICS], n, pushed, taken) for n in range(PUSHERS)))
        seconds = time.monotonic() - started
        async with asyncio.timeout(WAIT_SECONDS):
            while any(viewer.samples.keys() != pushed.keys() for viewer in viewers):
                assert not any(task.done() for task in looking), [t.exception() for t in looking if t.done()]
                await asyncio.sleep(0.1)
        final = {m["id"]: m["latest"]["value"] for m in (await http.get(f"dashboards/{board}/")).json()["metrics"]}
        for task in looking:
            task.cancel()

    assert len(pushed) == PUSHERS * SECONDS * SAMPLES
    for viewer in viewers:
        assert viewer.samples == pushed
        assert viewer.offsets == list(range(viewer.offsets[0], viewer.offsets[0] + len(viewer.offsets)))
        check_rate(viewer.times)
        assert last_values(viewer.samples) == final
    rate = len(viewers[0].times) / seconds
    slowest = sorted(taken)[int(len(taken) * 0.99) - 1]
    print(
        f"\n{PUSHERS} pushers, {VIEWERS} viewers, {METRICS} metrics, {seconds:.1f} s: {len(pushed) / seconds:.0f} "
        f"samples/s in, {len(taken) / seconds:.0f} pushes/s, p99 {slowest * 1000:.0f} ms; {rate:.1f} events/s to each"
    )


def check_rate(times: list[datetime]) -> None:
    """Fails when four periods hold more events than the kind declares for five.

    An event's time is when it was built, which on a busy machine may be late by up to a period.
    """
    rate = dashboards.rate
    for earlier, later in zip(times, times[5 * rate.events :], strict=False):
        assert (later - earlier).total_seconds() >= 4 * rate.seconds, (earlier, later)


def last_values(samples: dict[Sample, float]) -> dict[str, float]:
    by_metric: dict[str, dict[str, float]] = defaultdict(dict)
    for (metric, at), value in samples.items():
        by_metric[metric][at] = value
    return {metric: values[max(values)] for metric, values in by_metric.items()}
