"""Reads the event log from the database itself, at the end of a run."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from tests.soak.devices import seconds
from tests.soak.history import History, LogEvent, digest

HEADS = "SELECT name, epoch, head FROM tidewire_stream"
EVENTS = (
    'SELECT s.name, e."offset", e.object, e.payload FROM tidewire_event e '
    'JOIN tidewire_stream s ON s.id = e.stream_id ORDER BY s.name, e."offset"'
)


def read_log(url: str | None, folder: Path, history: History) -> None:
    """Reads all heads and events into `history.heads` and `history.log`. `url` is PostgreSQL's; None means SQLite."""
    heads, rows = _query(url, folder)
    history.heads = {name: (epoch, head) for name, epoch, head in heads}
    history.log = [_event(*row) for row in rows]


def _event(stream: str, offset: int, object: str, payload: str) -> LogEvent:
    body = json.loads(payload)
    at = seconds(body["at"]) if "at" in body else 0.0
    return LogEvent(
        stream, offset, str(body.get("id", "")), str(body.get("type", "")), object, at, digest(body), body["data"]
    )


def _query(url: str | None, folder: Path) -> tuple[list[Any], list[Any]]:
    if url is None:
        connection = sqlite3.connect(folder / "tidewire.sqlite3")
        try:
            return connection.execute(HEADS).fetchall(), connection.execute(EVENTS).fetchall()
        finally:
            connection.close()
    import psycopg

    with psycopg.connect(url) as postgresql:
        return postgresql.execute(HEADS).fetchall(), postgresql.execute(EVENTS).fetchall()
