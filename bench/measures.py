"""The measurements. Each takes a system and returns a row, with what was lost and how busy the load client was."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench import tools
from bench.systems import CLIENT_CORE, Floor, Running, Stores, System
from bench.writers import Line, Publisher, request

BUSY_CLIENT = 0.9


@dataclass
class Row:
    """The figures of one system in one measurement."""

    measure: str
    system: str
    figures: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    at: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")

    def __getitem__(self, name: str) -> float:
        return self.figures.get(name, float("nan"))


def _phase(row: Row, phase: dict[str, Any]) -> None:
    """Adds the load client's figures of one phase to the row."""
    row.figures |= {
        "µs/event": phase["server_cpu_us_per_event"],
        "events/s": phase["events_per_s"],
        "p50 ms": phase["p50_ms"],
        "p99 ms": phase["p99_ms"],
        "last ms": phase["max_ms"],
        "lost": max(0.0, phase["expected"] - phase["events"]),
        "client busy": phase["client_busy"],
        "bytes/frame": phase["bytes_per_frame"],
    }
    if phase["client_busy"] > BUSY_CLIENT:
        row.remarks.append("the load client was the bottleneck")
    if phase["closed"]:
        row.remarks.append(f"{phase['closed']} sockets were closed")


def fanout(
    stores: Stores, system: System, sockets: int, streams: int, events: int, rate: float, writers: int = 1
) -> Row:
    """Writes `events` messages at `rate` a second over REST, for `sockets` subscribers of one of `streams` streams."""
    row = Row(f"fan-out {streams} × {sockets // streams}{'' if rate else ', saturated'}", system.name)
    running = system.start(stores, streams)
    try:
        _warm_up(running, writers, streams)
        publisher = Publisher(running, writers, streams, rate, events * streams)
        options = [
            *running.options(sockets, streams),
            "-G",
            publisher.port,
            "-g",
            f"/go?n={events}",
            "-t",
            60,
            "-q",
            3000,
        ]
        connected, *phases = tools.load([*options, *running.target], CLIENT_CORE)
        _connected(row, connected)
        written = publisher.join()
        _phase(row, phases[0])
        row.figures |= {"writes/s": written.per_second, "refused": written.failed}
    finally:
        running.stop()
    return _checked(row, running)


def floor_fanout(sockets: int, events: int, rate: float, size: int) -> Row:
    """Sends as many frames of the same size from the broadcaster in C."""
    row = Row(f"fan-out 1 × {sockets}{'' if rate else ', saturated'}", "floor (C)")
    floor = Floor()
    try:
        url = f"/pub?n={events}&rate={rate or 0:g}&size={size}"
        connected, *phases = tools.load([*floor.options(sockets), "-g", url, "-t", 60, *floor.target], CLIENT_CORE)
        _connected(row, connected)
        _phase(row, phases[0])
    finally:
        floor.stop()
    return row


def writes(stores: Stores, system: System, writers: int, total: int, rooms: int = 1) -> Row:
    """Lets the writers write as fast as they can, with one subscriber of the first room."""
    row = Row(f"writes, {writers} writers" + (f", {rooms} rooms" if rooms > 1 else ""), system.name)
    running = system.start(stores, rooms)
    try:
        _warm_up(running, writers, rooms)
        publisher = Publisher(running, writers, rooms, 0, total)
        options = [*running.options(1), "-G", publisher.port, "-g", f"/go?n={total // rooms}", "-t", 90, "-q", 3000]
        before = tools.cpu_seconds(running.pids)
        _, *phases = tools.load([*options, *running.target], CLIENT_CORE)
        written = publisher.join()
        _phase(row, phases[0])
        row.figures |= {
            "µs/write": (tools.cpu_seconds(running.pids) - before) / max(1, written.ok) * 1e6,
            "writes/s": written.per_second,
            "answer p50 ms": written.percentile(0.5) * 1000,
            "refused": written.failed,
        }
        for name in ("µs/event", "events/s"):
            del row.figures[name]
    finally:
        running.stop()
    return _checked(row, running)


def lists(stores: Stores, system: System, requests: int) -> Row:
    """Reads a page of 50 messages, one request after the other."""
    row = Row("list of 50", system.name)
    running = system.start(stores)
    try:
        Publisher(running, 4, 1, 0, 60).write()
        line = Line(running.port)
        asked = request(running, running.rooms[0], running.tokens[0]).partition(b"\r\n\r\n")[0].splitlines()
        get = b"\r\n".join([asked[0].replace(b"POST", b"GET"), *asked[1:3]]) + b"\r\n\r\n"
        for _ in range(10):
            line.ask(get)
        before, began = tools.cpu_seconds(running.pids), time.monotonic()
        failed = sum(line.ask(get) != 200 for _ in range(requests))
        row.figures = {
            "µs/request": (tools.cpu_seconds(running.pids) - before) / requests * 1e6,
            "requests/s": requests / (time.monotonic() - began),
            "refused": failed,
        }
    finally:
        running.stop()
    return _checked(row, running)


def connections(stores: Stores, system: System, sockets: int, idle_seconds: int = 3) -> Row:
    """Opens the sockets and leaves them idle: connects per second, and the cost of an idle socket."""
    row = Row(f"{sockets} connections", system.name)
    running = system.start(stores)
    try:
        connected, idle = tools.load([*running.options(sockets), "-I", idle_seconds, *running.target], CLIENT_CORE)
        _connected(row, connected)
        row.figures |= {
            "connects/s": connected["connects_per_s"],
            "µs/connect": connected["cpu_us_per_connect"],
            "KB each": connected["kb_per_conn"],
            "failed": connected["failed"],
            "idle cores": idle["server_cpu_s"] / idle["seconds"],
        }
    finally:
        running.stop()
    return _checked(row, running)


def recovery(stores: Stores, system: System, sockets: int, events: int) -> Row:
    """`sockets` clients that missed the same `events` come back at once. Of the systems, only Tidewire recovers."""
    row = Row(f"recovery of {events} × {sockets}", system.name)
    running = system.start(stores)
    try:
        first = _position(running)
        Publisher(running, 4, 1, 0, events).write()
        recover = f'"recover":true,"epoch":"{first["epoch"]}","offset":{first["offset"]}'
        system_hello = tuple(
            text.replace('"channel":"room:ROOM"', f'"channel":"room:ROOM",{recover}') for text in system.hello
        )
        options = running.options(sockets, hello=system_hello)
        with running.statements() as read:
            (connected,) = tools.load([*options, *running.target], CLIENT_CORE)
        _connected(row, connected)
        row.figures |= {
            "seconds": connected["seconds"],
            "µs/client": connected["cpu_us_per_connect"],
            "log reads": read["tidewire_event"],
            "head reads": read["tidewire_stream"],
            "failed": connected["failed"] + sockets - connected["ready"],
        }
    finally:
        running.stop()
    return _checked(row, running)


def floor_recovery(sockets: int, events: int, size: int) -> Row:
    """Sends as many bytes to as many sockets, in one piece each, from the broadcaster in C."""
    row = Row(f"recovery of {events} × {sockets}", "floor (C)")
    floor = Floor()
    try:
        url = f"/pub?n={events}&rate=0&size={size}&batch={events}"
        connected, *phases = tools.load([*floor.options(sockets), "-g", url, "-t", 60, *floor.target], CLIENT_CORE)
        _connected(row, connected)
        cpu = connected["server_cpu_s"] + phases[0]["server_cpu_s"]
        row.figures |= {
            "seconds": connected["seconds"] + phases[0]["span_s"],
            "µs/client": cpu / sockets * 1e6,
            "failed": connected["failed"] + sockets - connected["ready"],
        }
    finally:
        floor.stop()
    return row


def _warm_up(running: Running, writers: int, rooms: int) -> None:
    """Writes a little, so that threads and their database connections exist before the measurement."""
    Publisher(running, writers, rooms, 0, 10 * writers).write()


def _position(running: Running) -> dict[str, Any]:
    line = Line(running.port)
    asked = request(running, running.rooms[0], running.tokens[0]).partition(b"\r\n\r\n")[0].splitlines()
    _, body = line.answer(b"\r\n".join([asked[0].replace(b"POST", b"GET"), *asked[1:3]]) + b"\r\n\r\n")
    return json.loads(body)["stream"]


def _connected(row: Row, phase: dict[str, Any]) -> None:
    if phase["failed"] or phase["ready"] < phase["sockets"]:
        row.remarks.append(f"only {phase['ready']} of {phase['sockets']} sockets got through")


def _checked(row: Row, running: Running) -> Row:
    tracebacks = running.log.read_text(errors="replace").count("Traceback (most recent call last)")
    if tracebacks:
        row.remarks.append(f"{tracebacks} tracebacks in its log")
    return row
