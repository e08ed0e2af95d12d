"""One run: sockets connect, messages are written at a rate, and each arrival is timed."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from realtime.loadtest.client import LoadClient, connect
from realtime.loadtest.crowd import PER_USER, Crowd

CONNECTS_PER_SECOND = 40
"""Below ACCEPTS_PER_SECOND_PER_ADDRESS: all come from one address."""
WRITERS = 8
LAST_SECONDS = 5.0
"""So long the last events may take."""
HTTP_SECONDS = 10.0


@dataclass(slots=True)
class Result:
    """Latencies in seconds: of the writes until they were answered, and of each event from before its write until it
    had arrived at a socket."""

    connected: int = 0
    failed: list[str] = field(default_factory=list)
    connecting_seconds: float = 0.0
    writes: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    events: list[float] = field(default_factory=list)

    @property
    def missing(self) -> int:
        """Events that were written and did not arrive."""
        return self.connected * len(self.writes) - len(self.events)


@dataclass(frozen=True, slots=True)
class Plan:
    url: str
    sockets: int
    rate: float
    seconds: float
    cafile: str | None = None


Report = Callable[[str, int, int], None]
"""(what, done, of how many)"""


async def run(plan: Plan, crowd: Crowd, report: Report) -> Result:
    """Connects all sockets, writes, and waits for what is under way."""
    result, sent = Result(), dict[str, float]()

    def on_event(event: dict[str, Any]) -> None:
        text = event.get("data", {}).get("text", "")
        if text in sent:
            result.events.append(time.perf_counter() - sent[text])

    began = time.perf_counter()
    clients = await _connect_all(plan, crowd, on_event, result, report)
    result.connecting_seconds = time.perf_counter() - began
    if clients:
        await _write_all(plan, crowd, sent, result, report)
        deadline = time.perf_counter() + LAST_SECONDS
        while result.missing > 0 and time.perf_counter() < deadline:  # noqa: ASYNC110  many sockets, no one event
            await asyncio.sleep(0.05)
    for client in clients:
        client.close()
    return result


async def _connect_all(
    plan: Plan, crowd: Crowd, on_event: Callable[[dict[str, Any]], None], result: Result, report: Report
) -> list[LoadClient]:
    clients: list[LoadClient] = []

    async def one(number: int) -> None:
        await asyncio.sleep(number / CONNECTS_PER_SECOND)
        try:
            token = crowd.tokens[number // PER_USER]
            clients.append(await connect(plan.url, token, crowd.stream, on_event, plan.cafile))
            result.connected += 1
        except (OSError, TimeoutError) as error:
            result.failed.append(str(error) or type(error).__name__)
        report("connecting", result.connected + len(result.failed), plan.sockets)

    await asyncio.gather(*(one(number) for number in range(plan.sockets)))
    return clients


async def _write_all(plan: Plan, crowd: Crowd, sent: dict[str, float], result: Result, report: Report) -> None:
    """Writes at the rate, whether or not the answers keep up: a slow server shows as latency, not as fewer writes."""
    loop, count = asyncio.get_running_loop(), max(1, round(plan.rate * plan.seconds))
    began = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as threads:
        writing = []
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / plan.rate - time.perf_counter()))
            text, token = f"load test {number}", crowd.tokens[number % len(crowd.tokens)]
            sent[text] = time.perf_counter()
            writing.append(loop.run_in_executor(threads, partial(_post, plan, crowd, token, text)))
            report("writing", number + 1, count)
        for number, answer in enumerate(await asyncio.gather(*writing, return_exceptions=True)):
            if isinstance(answer, BaseException):
                result.refused.append(str(answer))
                del sent[f"load test {number}"]
            else:
                result.writes.append(answer)


def _post(plan: Plan, crowd: Crowd, token: str, text: str) -> float:
    """Writes one message. Returns how many seconds the answer took. Raises OSError."""
    parts = urlsplit(plan.url)
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=plan.cafile)
        link: Any = http.client.HTTPSConnection(parts.netloc, timeout=HTTP_SECONDS, context=context)
    else:
        link = http.client.HTTPConnection(parts.netloc, timeout=HTTP_SECONDS)
    began = time.perf_counter()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        link.request("POST", f"/api/v1/rooms/{crowd.room.pk}/messages/", json.dumps({"text": text}), headers)
        response = link.getresponse()
        response.read()
    except http.client.HTTPException as error:
        raise OSError(f"no answer: {error!r}") from None
    finally:
        link.close()
    if response.status != 201:
        raise OSError(f"answered {response.status}")
    return time.perf_counter() - began
