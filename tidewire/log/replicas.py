"""Reads from a replica of the database, where it has replayed what the read must show; else from the primary.

The replica is the database alias `replica`. What a read must show is asked of the primary, after the read was asked
for: the position of a stream and its clocks (`at`), or the end of the write-ahead log (`now`). Then the replica is
asked whether it has replayed as much, and the rows are read in the same transaction: so by the same server, also behind
a pooler or a balancer, and its next snapshot is never older. docs/decisions/0083-replicas.md says why this suffices.

A replica that is behind is waited for, REPLICA_WAIT_SECONDS at most. One that is away, frozen or promoted is left alone
for AWAY_SECONDS; then one read tries again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections, transaction
from django.db.backends.signals import connection_created

from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.ground.positions import Position
from tidewire.ground.streams import REVOCATIONS
from tidewire.log.database import log_alias
from tidewire.log.heads import position
from tidewire.log.readings import ERASURES, Reading, Readings
from tidewire.queries.errors import Fault, fault_of, is_cancelled
from tidewire.queries.shared_read import SharedRead

logger = logging.getLogger(__name__)

T = TypeVar("T")

ALIAS = "replica"
AWAY_SECONDS = 2.0
ANSWER_SECONDS = 2.0
"""How long a statement waits for a replica's answer, beside the time that a search may take. A frozen server runs no
timeout of its own."""
IMPATIENT_SECONDS = 1.0
"""After a wait in vain, so long none waits: the replica is far behind."""
FIRST_PAUSE_SECONDS = 0.001

_alias: ContextVar[str] = ContextVar("alias", default=DEFAULT_DB_ALIAS)


def alias() -> str:
    """Returns the database that rows are read from now: the replica's inside the work of a read from it."""
    return _alias.get()


def is_usable() -> bool:
    """Returns whether a read may be tried on the replica: there is one, it is not known to be away, and the caller is
    in no transaction, whose own writes the replica would not show."""
    if ALIAS not in connections.settings or log_alias() != DEFAULT_DB_ALIAS:
        return False
    return not connections[DEFAULT_DB_ALIAS].in_atomic_block and not _replica.is_away


def at(readings: Readings, reading: Reading, work: Callable[[], T]) -> T:
    """Returns what `work` returns, which reads rows of `alias()`. They are at least as new as this reading, which was
    read after the request arrived.

    For rows of which the stream tells, or the clocks count, everything that is shown.
    """
    return _read(work, lambda: _covers(readings, reading)) if is_usable() else work()


def now(work: Callable[[], T]) -> T:
    """Returns what `work` returns, which reads rows of `alias()`: any rows, all that was committed before the call."""
    if not is_usable():
        return work()
    reading, end = _ENDS.get("end", DEFAULT_DB_ALIAS, _end)
    return _read(work, lambda: _has_replayed(end) and _covers(_LOG, reading))


def at_head(stream: str, work: Callable[[Position, str], T]) -> T:
    """Returns what `work(head, using)` returns, which reads events of the stream from the database `using`: all up to
    this head, which is the present one. Nothing that was erased before the call is in them."""
    if stream == REVOCATIONS or not is_usable():
        return work(position(stream), log_alias())
    reading = _LOG.read(stream)
    return at(_LOG, reading, lambda: work(reading.position, alias()))


_LOG = Readings((ERASURES,))
_ENDS = SharedRead[tuple[Reading, str]]()


# A transaction is visible once it is flushed, unless COMMIT does not wait for that. What is not flushed yet is not sent
# to replicas either, for up to 0.2 s.
_END = """SELECT CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()
ELSE pg_current_wal_flush_lsn() END::text"""


def _end() -> tuple[Reading, str]:
    """Returns the end of the primary's write-ahead log, which is behind everything that was committed. The reading of
    the revocation log shows by its epoch whether a replica has the same history."""
    reading = _LOG.read(REVOCATIONS)
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(_END)
        return reading, cursor.fetchone()[0]


def _has_replayed(end: str) -> bool:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [end])
        return bool(cursor.fetchone()[0])


def _covers(readings: Readings, reading: Reading) -> bool:
    found = readings.known_to(ALIAS, reading.position.channel)
    return found is not None and found.covers(reading)


# -- one read ----------------------------------------------------------------------------------------------------------


class _UnusableError(Exception):
    """The replica cannot serve this read; says why, for the metric."""


def _read(work: Callable[[], T], has_replayed: Callable[[], bool]) -> T:
    if not _replica.may_try():
        return _from_primary(work, "away")
    try:
        with transaction.atomic(using=ALIAS):
            _require_standby()
            _wait(has_replayed)
            token = _alias.set(ALIAS)
            try:
                result = work()
            finally:
                _alias.reset(token)
    except _UnusableError as reason:
        _replica.found(is_away=str(reason) == "promoted")
        return _from_primary(work, str(reason))
    except (DatabaseError, InterfaceError) as error:
        # Also a query that a replayed change has cancelled. What the request did wrong fails on the primary, too.
        is_away = fault_of(error) in (Fault.UNAVAILABLE, Fault.UNREADY) and not is_cancelled(error)
        _replica.found(is_away, error)
        return _from_primary(work, "failed")
    _replica.found(is_away=False)
    metrics.replica_reads.labels("replica").inc()
    return result


def _from_primary(work: Callable[[], T], reason: str) -> T:
    metrics.replica_reads.labels(reason).inc()
    return work()


def _require_standby() -> None:
    """Refuses a server that replays nothing: one that was promoted has a history of its own from then on."""
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        if not cursor.fetchone()[0]:
            raise _UnusableError("promoted")


def _wait(has_replayed: Callable[[], bool]) -> None:
    """Waits until the replica has replayed enough. Each question has a new snapshot (READ COMMITTED)."""
    began, pause = time.monotonic(), FIRST_PAUSE_SECONDS
    while not has_replayed():
        if time.monotonic() + pause - began > conf.REPLICA_WAIT_SECONDS or _replica.is_far_behind:
            _replica.was_awaited_in_vain()
            raise _UnusableError("behind")
        time.sleep(pause)
        pause *= 2


class _Replica:
    """What this process knows of the replica. Used from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_away, self._try_at, self._wait_again_at = False, 0.0, 0.0

    @property
    def is_away(self) -> bool:
        return self._is_away and time.monotonic() < self._try_at

    @property
    def is_far_behind(self) -> bool:
        return time.monotonic() < self._wait_again_at

    def was_awaited_in_vain(self) -> None:
        if not self.is_far_behind:
            self._wait_again_at = time.monotonic() + IMPATIENT_SECONDS

    def may_try(self) -> bool:
        """Returns whether this read may ask the replica: of one that was away, one read at a time."""
        with self._lock:
            if not self._is_away:
                return True
            if time.monotonic() < self._try_at:
                return False
            self._try_at = time.monotonic() + AWAY_SECONDS + ANSWER_SECONDS
            return True

    def found(self, is_away: bool, error: Exception | None = None) -> None:
        with self._lock:
            if is_away and not self._is_away:
                logger.warning("the replica is not used: %s", str(error or "it was promoted").strip())
            elif self._is_away and not is_away:
                logger.warning("the replica is used again")
            self._is_away, self._try_at = is_away, time.monotonic() + AWAY_SECONDS


_replica = _Replica()


# -- a bound for each statement ----------------------------------------------------------------------------------------


def _bound(connection: Any, **kwargs: Any) -> None:
    """Bounds how long statements of a connection to the replica wait for an answer. Runs whenever Django takes one."""
    raw = connection.connection
    if connection.alias == ALIAS and connection.vendor == "postgresql" and not isinstance(raw.wait, partial):
        raw.wait = partial(_wait_for_answer, raw, raw.wait, connection.Database.OperationalError)


def _wait_for_answer(raw: Any, wait: Any, error: type[Exception], generator: Any, *args: Any, **options: Any) -> Any:
    deadline = time.monotonic() + ANSWER_SECONDS + conf.SEARCH_SECONDS
    return wait(_until(deadline, raw, error, generator), *args, **options)


def _until(deadline: float, raw: Any, error: type[Exception], generator: Any) -> Generator[Any, Any, Any]:
    """Hands on what psycopg's generator waits for. Closes the connection and raises this error after the deadline."""
    try:
        wanted = next(generator)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > deadline:
                raw.close()
                raise error("the replica does not answer")
            wanted = generator.send(ready)
    except StopIteration as end:
        return end.value


connection_created.connect(_bound, dispatch_uid="tidewire.replicas")
