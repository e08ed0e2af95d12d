"""What this process counts, for Prometheus.

Labels are stream *kinds*, methods and codes, never streams or users: the number of series does not grow with the
audience. Histograms and no summaries, because those do not add up across processes. Counting is per event, not per
socket. With several workers the values lie in files that they share (PROMETHEUS_MULTIPROC_DIR, which the supervisor
sets), so that whichever worker is asked answers for all.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as _generate
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
SAMPLE_SECONDS = 5.0
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
BYTES = (128, 256, 512, 1024, 2048, 4096, 16384, 65536, 262144, 1048576)


def _gauge(name: str, text: str, *labels: str, mode: str = "livesum") -> Gauge:
    return Gauge(f"tidewire_{name}", text, labels, multiprocess_mode=mode)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(f"tidewire_{name}", text, labels)


def _histogram(name: str, text: str, buckets: Iterable[float], *labels: str) -> Histogram:
    return Histogram(f"tidewire_{name}", text, labels, buckets=buckets)


connections = _gauge("connections", "Open connections that speak the protocol.")
users = _gauge("users", "Users with a connection, counted per process.")
subscriptions = _gauge("subscriptions", "Subscriptions, by kind of stream.", "kind")
streams_active = _gauge("streams_active", "Streams with a subscriber in the process, by kind.", "kind")
unread_bytes = _gauge("unread_bytes", "Bytes sent to clients that they have not shown to have read.")
layer_deaf = _gauge(
    "layer_deaf", "1 while the channel layer does not answer and delivery goes on by polling.", mode="livemax"
)
poll_age = _gauge("poll_age_seconds", "Since the log was last polled with success.", mode="livemax")
loop_lag = _gauge("loop_lag_seconds", "How late the event loop was, at worst, in the last sample.", mode="livemax")

replies = _counter("replies", "Answers to commands, by method and error code (0 for none).", "method", "code")
disconnects = _counter("disconnects", "Connections ended by the server, by code.", "code")
unsubscribes = _counter("unsubscribes", "Subscriptions ended by the server, by code.", "code")
recoveries = _counter("recoveries", "Subscribes with a position, by outcome: recovered, refused.", "outcome")
recovered_events = _counter("recovered_events", "Events replayed from the log.")
dispatched = _counter("events_dispatched", "Events that the hub fanned out, by kind of stream.", "kind")
deliveries = _counter("deliveries", "Events handed to subscriptions, by kind of stream.", "kind")
healed = _counter("events_healed", "Events that no nudge brought and the log did, by kind of stream.", "kind")
layer_received = _counter("layer_messages_received", "Messages that the hub got from the channel layer.")
layer_dropped = _counter("layer_messages_dropped", "Messages that the channel layer did not take.")
refusals = _counter("refusals", "Requests and handshakes refused before the application, by code.", "code")

event_bytes = _histogram("event_bytes", "Size of an event's JSON.", BYTES, "kind")
publishing = _histogram("publish_seconds", "From COMMIT until the channel layer has the message.", SECONDS)
subscribing = _histogram("subscribe_seconds", "From a subscribe to its answer.", SECONDS)
authenticating = _histogram("authenticate_seconds", "Checking the credential of a connect or refresh.", SECONDS)

_by_kind: dict[str, tuple[Callable[[], None], Callable[[float], None], Callable[[float], None]]] = {}


def count_dispatch(stream: str, size: int, subscribers: int) -> None:
    """One event went out. On the hot path: children of a kind are looked up once."""
    kind = stream.partition(":")[0]
    counters = _by_kind.get(kind)
    if counters is None:
        counters = _by_kind[kind] = (
            dispatched.labels(kind).inc,
            deliveries.labels(kind).inc,
            event_bytes.labels(kind).observe,
        )
    counters[0]()
    counters[1](subscribers)
    counters[2](size)


async def sample(collect: Callable[[float], None]) -> None:
    """Calls `collect` with the loop's time every SAMPLE_SECONDS and measures the loop's lag in between, until it is
    cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        worst = 0.0
        for _ in range(int(SAMPLE_SECONDS / 0.5)):
            due = loop.time() + 0.5
            await asyncio.sleep(0.5)
            worst = max(worst, loop.time() - due)
        loop_lag.set(worst)
        collect(loop.time())


def exposition() -> bytes:
    """All of it, in Prometheus' text format; of all workers, where there are several."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return _generate(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return _generate(registry)
