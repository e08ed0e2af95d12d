"""Writers in threads with connections of their own, and how a test knows that one waits for the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, connections

needs_row_locks = pytest.mark.skipif(
    "config.getoption('database') != 'postgresql'", reason="SQLite has one writer at a time, and no row locks"
)
WAIT_SECONDS = 10.0


class Writer(threading.Thread):
    """Runs its work in a thread of its own, from the start. `finish` raises what the work raised."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self.error = error
        finally:
            connections.close_all()

    def finish(self) -> None:
        self.join(WAIT_SECONDS)
        assert not self.is_alive(), "the writer still waits"
        if self.error is not None:
            raise self.error


def until_it_waits(writer: Writer) -> None:
    """Waits until a connection of this database waits for a lock, as the writer will."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + WAIT_SECONDS
    with connection.cursor() as cursor:
        while cursor.execute(waiting).fetchone()[0] == 0:
            assert writer.is_alive(), f"the writer did not wait: {writer.error!r}"
            assert time.monotonic() < deadline, "no connection waits for a lock"
