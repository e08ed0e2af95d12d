"""Throw-away databases for measurements that need no server of this project."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.rig import servers


@contextmanager
def throw_away(name: str, kind: str) -> Iterator[tuple[servers.PostgreSQL | None, Path]]:
    """Makes a database of this kind, "postgresql" or "sqlite", and sets the environment so that the settings find it.

    Yields its server, None for SQLite, and the folder of the data. Call it before the settings are read.
    """
    folder = servers.temporary_folder(name)
    os.environ |= {"DJANGO_SETTINGS_MODULE": "backend.settings", "DATA_DIR": str(folder), "DATABASE_URL": ""}
    if kind == "sqlite":
        yield None, folder
        return
    server = servers.start_postgresql()
    os.environ["DATABASE_URL"] = server.create_database(name)
    try:
        yield server, folder
    finally:
        server.stop()
