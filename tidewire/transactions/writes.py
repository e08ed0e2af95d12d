"""The transaction of a request that writes, and running it again when another transaction was faster."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction

from tidewire.queries.errors import is_retryable
from tidewire.queries.round_trips import gathered, run_waiting
from tidewire.queries.write_queue import in_turn
from tidewire.transactions.commit import records_at_commit

T = TypeVar("T")

MAX_RUNS = 3
FIRST_WAIT_SECONDS = 0.02


@contextmanager
def write_transaction(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Opens a transaction as `atomic` does. Statements whose result is not needed share a round trip with the next one
    (`deferred_inserts`, `PreparedStatement.run_with_next`), COMMIT with the last. On SQLite the threads of a process
    have their turns in order (`in_turn`)."""
    connection = connections[using]
    with in_turn(connection), gathered(connection), transaction.atomic(using=using):
        yield
        if not records_at_commit(connection):
            run_waiting(connection)  # no statement follows before COMMIT


def retried(work: Callable[[], T], runs: int = MAX_RUNS) -> T:
    """Calls `work`, which opens its own transaction, and calls it again after an error that a fresh start can cure.

    Waits a random time of about 20 ms before the second run, twice that before the third. Raises the error of the last
    run, and every other error at once.
    """
    for run in range(1, runs + 1):
        try:
            return work()
        except DatabaseError as error:
            if run == runs or not is_retryable(error):
                raise
        time.sleep(random.uniform(0.5, 1.5) * FIRST_WAIT_SECONDS * run)
    raise ValueError("runs must be at least 1")
