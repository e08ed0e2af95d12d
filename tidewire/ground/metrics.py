"""The metrics of this process, for Prometheus.

Labels are stream *kinds*, methods and codes, never streams or users, so the number of series does not grow with the
audience. There are histograms and no summaries, because summaries of several processes cannot be added. Counting costs
once per event, not once per socket. Several workers keep their values in shared files (PROMETHEUS_MULTIPROC_DIR, which
the supervisor sets), so that any of them can answer for all.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal
from weakref import WeakMethod

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as _generate
from prometheus_client.multiprocess import MultiProcessCollector

from tidewire.ground import metric_files

logger = logging.getLogger(__name__)

Mode = Literal["livesum", "livemax", "liveall"]
"""How the gauges of several workers become one: their sum, the largest, or each by itself with the label `pid`."""

CONTENT_TYPE = CONTENT_TYPE_LATEST
SUPERVISOR_FILE = "supervisor.prom"
"""In PROMETHEUS_MULTIPROC_DIR: the metrics of the process that started these workers, as text."""
SAMPLE_SECONDS = 5.0
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
BYTES = (128, 256, 512, 1024, 2048, 4096, 16384, 65536, 262144, 1048576)


metric_files.allocate_from_now_on()


def _gauge(name: str, text: str, *labels: str, mode: Mode = "livesum") -> Gauge:
    return Gauge(f"tidewire_{name}", text, labels, multiprocess_mode=mode)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(f"tidewire_{name}", text, labels)


def _histogram(name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
    return Histogram(f"tidewire_{name}", text, labels, buckets=buckets)


# -- requests --------------------------------------------------------------------------------------------------------

http_requests = _counter(
    "http_requests", "HTTP requests, by method, route and class of the status.", "method", "route", "status"
)
server_errors = _counter("server_errors", "HTTP requests that were answered with a status from 500 on.")
http_seconds = _histogram("http_request_seconds", "From a request to its whole answer.", SECONDS, "method", "route")
view_places = _gauge("view_places", "Requests that may be in views at once.")
views_running = _gauge("views_running", "Requests in views now.")
views_waiting = _gauge("views_waiting", "Requests that wait for a place in a view.")
view_waits = _histogram("view_wait_seconds", "How long those requests waited for a place that had to.", SECONDS)
pool_size = _gauge("database_pool_size", "Connections that the pool may open.")
pool_used = _gauge("database_pool_used", "Connections of the pool that are in use.")
pool_waiting = _gauge("database_pool_waiting", "Requests that wait for a connection of the pool.")
bytes_received = _counter(
    "received_bytes", "Bytes of requests' bodies (http) and of messages on sockets (socket).", "by"
)
bytes_sent = _counter(
    "sent_bytes",
    "Bytes of whole answers (http), and of frames and of the parts of responses that stay open (socket).",
    "by",
)

# -- delivery --------------------------------------------------------------------------------------------------------

delivery_seconds = _histogram(
    "delivery_seconds",
    "From COMMIT to the write of an event's frames, by kind of stream.",
    (*SECONDS, 10.0, 30.0),
    "kind",
)
door_readers = _gauge("door_readers", "Connections by door, such as websocket and long poll.", "door")
door_lag = _gauge(
    "door_lag_seconds", "How long the slowest reader of a door is behind, by door.", "door", mode="livemax"
)
connection_places = _gauge("connection_places", "Connections that the process accepts.")

# -- workers ---------------------------------------------------------------------------------------------------------

worker_started_at = _gauge("worker_started_at_seconds", "When the process started, as Unix time.", mode="liveall")
worker_cpu = _gauge("worker_cpu_seconds", "Processor time that the process has used.", mode="liveall")
worker_memory = _gauge("worker_resident_bytes", "Memory of the process.", mode="liveall")
worker_threads = _gauge("worker_threads", "Threads of the process.", mode="liveall")
worker_descriptors = _gauge("worker_open_descriptors", "File descriptors in use.", mode="liveall")
worker_max_descriptors = _gauge("worker_max_descriptors", "File descriptors that the process may open.", mode="liveall")

# -- the engine ------------------------------------------------------------------------------------------------------

connections = _gauge("connections", "Open connections that speak the protocol.")
users = _gauge("users", "Users with a connection, counted per process.")
subscriptions = _gauge("subscriptions", "Subscriptions, by kind of stream.", "kind")
streams_active = _gauge("streams_active", "Streams with a subscriber in the process, by kind.", "kind")
unread_bytes = _gauge("unread_bytes", "Bytes sent to clients and not yet acknowledged by a pong.")
layer_deaf = _gauge(
    "layer_deaf", "1 while the channel layer does not answer and only polling delivers.", mode="livemax"
)
poll_age = _gauge("poll_age_seconds", "Time since the log was last polled with success.", mode="livemax")
loop_lag = _gauge("loop_lag_seconds", "How late the event loop was, at worst, in the last sample.", mode="livemax")
chore_age = _gauge("chore_age_seconds", "Time since a chore was done, by any process.", "chore", mode="livemax")
chore_deleted = _gauge(
    "chore_deleted_rows", "Rows that a chore has deleted since the table was made.", "chore", mode="livemax"
)
chore_failures = _counter("chore_failures", "Chores that failed in this process.", "chore")
chore_seconds = _histogram("chore_seconds", "How long a chore took.", (0.01, 0.1, 1.0, 10.0, 60.0, 600.0), "chore")
database_bytes = _gauge("database_bytes", "Size of the database on disk.", mode="livemax")
database_max_bytes = _gauge(
    "database_max_bytes",
    "What the database may grow to: DATABASE_MAX_BYTES, on SQLite the free disk; 0 where it is not known.",
    mode="livemax",
)
table_bytes = _gauge("table_bytes", "Size of a table with its indexes; on PostgreSQL only.", "table", mode="livemax")
jobs_pending = _gauge(
    "jobs_pending", "Jobs left to do in slices, in all processes together, by kind.", "kind", mode="livemax"
)

replica_reads = _counter(
    "replica_reads",
    "Reads that a replica may serve: replica, or why the primary did: behind, away, failed, promoted.",
    "outcome",
)
shared_pages_read = _counter("shared_pages_read", "Pages of lists that were answered without being read again.")
replies = _counter("replies", "Replies to commands, by method and error code (0 for none).", "method", "code")
disconnects = _counter("disconnects", "Connections ended by the server, by code.", "code")
socket_closes = _counter("socket_closes", "Sockets that ended, by code and the side that ended them.", "code", "side")
unsubscribes = _counter("unsubscribes", "Subscriptions ended by the server, by code.", "code")
recoveries = _counter("recoveries", "Subscribes with a position, by outcome: recovered, refused.", "outcome")
recovered_events = _counter("recovered_events", "Events replayed from the log.")
dispatched = _counter("events_dispatched", "Events that the hub dispatched, by kind of stream.", "kind")
deliveries = _counter("deliveries", "Events handed to subscriptions, by kind of stream.", "kind")
healed = _counter(
    "events_healed",
    "Events read from the log: the layer lost them, or announced them without content, by kind.",
    "kind",
)
shortened = _counter(
    "transactions_shortened",
    "Transactions with more events of a stream than are pushed: subscribers read anew. By kind of stream.",
    "kind",
)
restarts = _counter(
    "stream_restarts", "Streams of which the process knew more events than the log holds, by kind.", "kind"
)
layer_received = _counter("layer_messages_received", "Messages that the hub received from the channel layer.")
layer_refused = _counter(
    "layer_messages_refused",
    "Messages of the channel layer that are not believed: unsigned, forged, stale, replayed or malformed, by reason.",
    "reason",
)
layer_dropped = _counter("layer_messages_dropped", "Messages that could not be sent to the channel layer.")
presence_refused = _counter("presence_entries_refused", "Entries of presence in Redis that have a wrong shape.")
refusals = _counter("refusals", "Requests and handshakes refused before the application, by code.", "code")
cut_offs = _counter(
    "cut_offs",
    "HTTP connections (HTTP/2: also streams) that the server ended, by reason: unread_too_long, unread_bytes, idle, "
    "surplus, tls_rate, h2_frames, h2_resets, h2_headers, h2_protocol.",
    "reason",
)
http2_connections = _counter("http2_connections", "HTTP/2 connections that were opened.")
http2_streams = _counter("http2_streams", "Requests on them.")

webhook_attempts = _counter(
    "webhook_attempts", "Attempts to send a webhook, by state of the message after it.", "state"
)
webhook_endpoints = _gauge(
    "webhook_endpoints",
    "Webhooks, by state and by the reason why they are disabled (none for active ones).",
    *("state", "reason"),
    mode="livemax",
)
webhook_idle = _gauge(
    "webhook_idle_seconds",
    "For how long a due message has waited while no worker had any: above a minute, no worker runs.",
    mode="livemax",
)
webhook_lag = _gauge(
    "webhook_lag_seconds", "Age of the oldest event that an active webhook has not confirmed.", mode="livemax"
)
webhook_behind = _gauge(
    "webhook_positions_behind", "Streams of active webhooks with events that are not confirmed.", mode="livemax"
)

mqtt_received = _counter(
    "mqtt_messages_received",
    "Messages of devices, by outcome: stored, refused, dropped (QoS 0, too many), again (the database was away).",
    "outcome",
)
mqtt_published = _counter("mqtt_events_published", "Events that the broker of MQTT has confirmed.")
mqtt_lag = _gauge(
    "mqtt_lag_seconds", "Age of the oldest event that the broker of MQTT has not confirmed.", mode="livemax"
)
mqtt_behind = _gauge(
    "mqtt_streams_behind", "Streams with events that the broker of MQTT has not confirmed.", mode="livemax"
)
mqtt_connected = _gauge("mqtt_connected", "1 while the bridge is connected to the broker.", mode="livemax")

event_bytes = _histogram("event_bytes", "Size of an event's JSON.", BYTES, "kind")
publishing = _histogram("publish_seconds", "Sending one message to the channel layer; at most 0.2 s.", SECONDS)
subscribing = _histogram("subscribe_seconds", "From a subscribe to its reply.", SECONDS)
authenticating = _histogram("authenticate_seconds", "Checking the credential of a connect or refresh.", SECONDS)

relay_turned_at = _gauge("relay_turned_at", "Unix time when the relay to Centrifugo last succeeded.")
relay_failures = _counter("relay_failures", "Transactions of the relay to Centrifugo that failed.")
webhook_seconds = _histogram("webhook_seconds", "From an event's COMMIT to an attempt to send it.", SECONDS)


def begin_at_zero(metric: Counter | Histogram, values: Iterable[object]) -> None:
    """Makes the series of these values of the metric's one label, where they are not there yet."""
    for value in values:
        metric.labels(value)


_by_kind: dict[str, tuple[Callable[[], None], Callable[[float], None], Callable[[float], None]]] = {}


def count_dispatch(stream: str, size: int, subscribers: int) -> None:
    """Counts one event for so many subscribers. On the hot path: the children of a kind are looked up once."""
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


_samplers: list[Callable[[], Callable[[], None] | None]] = []


def at_each_sample(set_gauges: Callable[[], None]) -> None:
    """Makes `set_gauges` run in the event loop every SAMPLE_SECONDS, in each process that serves. It must not block.

    A bound method does not keep its object alive: with the object it is forgotten.
    """
    _samplers.append(WeakMethod(set_gauges) if hasattr(set_gauges, "__self__") else lambda: set_gauges)


def run_samplers() -> None:
    """Runs what `at_each_sample` was given. An error is logged, and the others run."""
    for sampler in list(_samplers):
        set_gauges = sampler()
        if set_gauges is None:
            _samplers.remove(sampler)
            continue
        try:
            set_gauges()
        except Exception:
            logger.exception("gauges could not be set")


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
        run_samplers()


def exposition() -> bytes:
    """Returns all metrics in Prometheus' text format, of all workers where there are several. Those of this process
    alone where something has deleted their folder."""
    folder = Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR") or "nowhere")
    if not folder.is_dir():
        return _generate(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))
    supervisor = folder / SUPERVISOR_FILE
    return _generate(registry) + (supervisor.read_bytes() if supervisor.exists() else b"")
