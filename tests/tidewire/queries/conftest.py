"""What libpq sends, for the tests of PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from django.db import connection
from psycopg.pq import Trace

from tidewire.queries import sessions

QUERY = re.compile(r'F\t\d+\tQuery\t "(.*)"\n', re.DOTALL)

SentTexts = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def sent_texts(tmp_path: Path) -> SentTexts:
    """`with sent_texts() as sent:` fills the list with the texts that were sent to the server inside the block."""

    @contextmanager
    def record() -> Iterator[list[str]]:
        sent: list[str] = []
        connection.ensure_connection()
        pgconn = connection.connection.pgconn
        with (tmp_path / "trace").open("w+") as trace:
            pgconn.trace(trace.fileno())
            pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
            try:
                yield sent
            finally:
                pgconn.untrace()
                trace.seek(0)
                messages = re.split(r"^(?=[FB]\t)", trace.read(), flags=re.MULTILINE)
                sent += [found[1] for message in messages if (found := QUERY.fullmatch(message))]

    return record


@pytest.fixture
def _names_are_kept(transactional_db) -> Iterator[None]:
    """Prepared statements are in use, and what a test finds out about the sessions is forgotten."""
    connection.ensure_connection()
    before, sessions.are_names_kept = sessions.are_names_kept, True
    yield
    sessions.are_names_kept = before


@pytest.fixture
def _off(settings) -> None:
    settings.TIDEWIRE = {**settings.TIDEWIRE, "PREPARED_QUERIES": False}
