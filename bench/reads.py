"""Reads over REST, one request after the other on a kept-alive connection: what a client does before it listens.

Cost is CPU time per request of the server and of PostgreSQL, each by itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from bench import tools
from bench.measures import Row
from bench.pocketbase import Missing, PocketBase
from bench.systems import Running, Stores, System
from bench.writers import Line, Publisher

MESSAGES = 120
WARM_UP = 20


class Reader:
    """One kept-alive connection that reads."""

    def __init__(self, port: int, authorization: str) -> None:
        self._line = Line(port)
        self._head = f"Host: 127.0.0.1:{port}\r\nAuthorization: {authorization}\r\n"

    def get(self, path: str, tag: str = "") -> tuple[int, bytes]:
        """Returns status and body."""
        condition = f"If-None-Match: {tag}\r\n" if tag else ""
        return self._line.answer(f"GET {path} HTTP/1.1\r\n{self._head}{condition}\r\n".encode())


def reads(stores: Stores, system: System, requests: int) -> list[Row]:
    """Reads lists, details and the account of one of our systems, or of the textbook, which has no `me/`."""
    running = system.start(stores)
    try:
        Publisher(running, 4, 1, 0, MESSAGES).write()
        reader = Reader(running.port, f"Bearer {running.tokens[0]}")
        room = f"/api/v1/rooms/{running.rooms[0]}/"
        _, body = reader.get(f"{room}messages/")
        message = json.loads(body)["results"][0]["id"]
        is_ours = system.settings == "backend.settings"
        paths = {"list of 50": f"{room}messages/", "a message": f"{room}messages/{message}/", "a room": room}
        if is_ours:
            fields = ",".join(json.loads(body)["results"][0])
            paths = {
                "list of 50": f"{room}messages/?limit=50&fields={fields}",  # a page that is not shared
                "list of 50, shared": f"{room}messages/?limit=50",
                "list of 1": f"{room}messages/?limit=1&fields={fields}",
                "list of 100": f"{room}messages/?limit=100&fields={fields}",
                "a message": f"{room}messages/{message}/",
                "a room": room,
                "me": "/api/v1/me/",
            }
        rows = [_read(stores, running, system.name, name, reader, path, requests) for name, path in paths.items()]
        if is_ours:
            tag = _tag_of(running, f"{room}messages/?limit=50")
            rows.append(
                _read(
                    stores, running, system.name, "list of 50, 304", reader, paths["list of 50, shared"], requests, tag
                )
            )
        return rows
    finally:
        running.stop()


def pocketbase(requests: int) -> list[Row]:
    """The same lists of PocketBase."""
    try:
        running = PocketBase()
    except Missing as reason:
        return [Row("list of 50", PocketBase.name, remarks=[str(reason)])]
    try:
        running.write(MESSAGES)
        reader = Reader(running.port, running.token)
        return [
            _measure(
                f"list of {limit}", running.name, lambda: running.pids, None, reader, running.path(limit), requests
            )
            for limit in (50, 1, 100)
        ]
    finally:
        running.stop()


def _read(
    stores: Stores, running: Running, system: str, name: str, reader: Reader, path: str, requests: int, tag: str = ""
) -> Row:
    postgresql = stores.postgresql.process.pid
    return _measure(name, system, lambda: running.pids, lambda: family(postgresql), reader, path, requests, tag)


def _measure(
    name: str,
    system: str,
    server: Callable[[], list[int]],
    database: Callable[[], list[int]] | None,
    reader: Reader,
    path: str,
    requests: int,
    tag: str = "",
) -> Row:
    expected = 304 if tag else 200
    for _ in range(WARM_UP):
        reader.get(path, tag)
    pids, others = server(), database() if database else []
    before, before_database, began = tools.cpu_seconds(pids), tools.cpu_seconds(others), time.monotonic()
    failed = sum(reader.get(path, tag)[0] != expected for _ in range(requests))
    seconds = time.monotonic() - began
    figures = {
        "µs/request": (tools.cpu_seconds(pids) - before) / requests * 1e6,
        "PostgreSQL µs": (tools.cpu_seconds(others) - before_database) / requests * 1e6,
        "requests/s": requests / seconds,
        "refused": float(failed),
    }
    return Row(f"read: {name}", system, figures)


def _tag_of(running: Running, path: str) -> str:
    """Returns the ETag of a list."""
    headers = {"Authorization": f"Bearer {running.tokens[0]}"}
    return httpx.get(f"http://127.0.0.1:{running.port}{path}", headers=headers, trust_env=False).headers["ETag"]


def family(pid: int) -> list[int]:
    """Returns a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]
