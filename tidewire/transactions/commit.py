"""The one place that stands between Django and COMMIT.

Events must be recorded after the last change of the outermost transaction and before its COMMIT, whoever opened it: a
view, the admin, a command, the shell, a library's `atomic`. Django has no hook there. So the first noted change of a
transaction puts a wrapper on `connection.commit`, for that one transaction. Savepoints need no care: notes ride in
`connection.run_on_commit`, from which Django drops those of a rolled-back savepoint.

Written against Django 5.2: `Atomic.__exit__` clears `in_atomic_block`, then calls `connection.commit()`, and rolls back
by itself only on DatabaseError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from tidewire.ground.recorded import Recorded
from tidewire.queries.round_trips import gathered, run_with_next
from tidewire.transactions.notes import Note
from tidewire.transactions.pre_commit import PreCommitStep, in_order

Recorder = Callable[..., list[Recorded]]
"""`(notes, using=…, is_last=…)` appends the events of these notes to the log, inside the open transaction."""

Announcer = Callable[[list[Recorded]], None]
"""Hears of events that have been committed, in the writer's thread. It must not raise."""

_recorder: Recorder | None = None
_announcers: list[Announcer] = []


def register(recorder: Recorder, announcers: Iterable[Announcer]) -> None:
    """Connects this package to the log and to the layer, which stand below it. Called once, when the app is ready."""
    global _recorder
    _recorder, _announcers[:] = recorder, announcers


_collector: ContextVar[list[Recorded] | None] = ContextVar("tidewire_recorded", default=None)


@contextmanager
def recorded_events() -> Iterator[list[Recorded]]:
    """Collects what the transactions inside the block recorded; filled when they have committed."""
    events: list[Recorded] = []
    token = _collector.set(events)
    try:
        yield events
    finally:
        _collector.reset(token)


def note(using: str, notes: Iterable[Note]) -> None:
    """Remembers what to record in the current transaction of the database `using`.

    Where a caller bypassed LiveModel.save and the row is committed already, the events are recorded in a transaction
    of their own: late, but not lost.
    """
    connection = transaction.get_connection(using)
    if not connection.in_atomic_block and connection.get_autocommit():
        with transaction.atomic(using=using):
            note(using, notes)
        return
    arm(connection)
    connection.run_on_commit += [(set(connection.savepoint_ids), entry, True) for entry in notes]


def arm(connection: BaseDatabaseWrapper) -> None:
    """Makes this transaction record its events before it commits. Harmless when done twice, or after a rollback."""
    if not records_at_commit(connection):
        connection.commit = _RecordingCommit(connection)


def records_at_commit(connection: BaseDatabaseWrapper) -> bool:
    """Whether something was noted, for which statements will run just before COMMIT."""
    return isinstance(connection.__dict__.get("commit"), _RecordingCommit)


def record_ahead(using: str = DEFAULT_DB_ALIAS) -> list[Recorded]:
    """Records now what would be recorded before COMMIT: for who stores, in this transaction, where its events stand.

    From here on the streams are locked, so little may follow. A rollback takes the events, and the news of them.
    """
    recorded = _record_last(connections[using])
    transaction.on_commit(partial(_announce, recorded), using=using)
    return recorded


def record_noted(connection: BaseDatabaseWrapper, *, commits: bool = False) -> list[Recorded]:
    """Records the events of everything noted so far, inside the open transaction, and forgets the notes.

    `commits`: the last of the statements may COMMIT as well. Where it could not, the transaction is still open.
    """
    recorded: list[Recorded] = []
    # Whatever writes here, a last step or a serializer, notes further changes: go on until none is left.
    while steps := _taken_out(connection, PreCommitStep):
        for kind, its_steps in in_order(steps):
            kind.run(its_steps, connection.alias)
    while notes := _taken_out(connection, Note):
        recorded += _recorder(notes, using=connection.alias, is_last=lambda: commits and not _holds(connection, Note))
    return recorded


def _record_last(connection: BaseDatabaseWrapper, *, commits: bool = False) -> list[Recorded]:
    """As `record_noted`, when nothing else follows in the transaction."""
    with gathered(connection):
        _check_deferred(connection)
        return record_noted(connection, commits=commits)


def _holds(connection: BaseDatabaseWrapper, kind: type[Note]) -> bool:
    return any(isinstance(hook, kind) for _, hook, _ in connection.run_on_commit)


def _taken_out(connection: BaseDatabaseWrapper, kind: type[Note]) -> list[Note]:
    """The notes of this kind, which the transaction then no longer holds."""
    notes = [hook for _, hook, _ in connection.run_on_commit if isinstance(hook, kind)]
    if notes:
        connection.run_on_commit = [entry for entry in connection.run_on_commit if not isinstance(entry[1], kind)]
    return notes


class _RecordingCommit:
    """Stands in for `connection.commit` until it is called, once. What stood there before is called in turn."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._previous = connection.__dict__.get("commit")  # another library's wrapper; most often nothing

    def __call__(self) -> None:
        connection = self._connection
        self._stand_aside()
        try:
            with _as_inside_atomic(connection):
                recorded = _record_last(connection, commits=self._previous is None)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()  # costs nothing where it was done with the last statement
        _announce(recorded)

    def _stand_aside(self) -> None:
        if self._previous is None:
            del self._connection.commit  # the class's own again
        else:
            self._connection.commit = self._previous


def _check_deferred(connection: BaseDatabaseWrapper) -> None:
    """Checks now what COMMIT would check: a deferred foreign key locks the row it refers to.

    The streams' locks must come after all others. Somebody who holds that row, to delete it, and waits for our stream
    would otherwise wait for us while COMMIT waits for them.
    """
    if connection.vendor == "postgresql" and connection.run_on_commit:
        run_with_next(connection, "SET CONSTRAINTS ALL IMMEDIATE")


@contextmanager
def _as_inside_atomic(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """`Atomic.__exit__` has left the block already; queries made while recording still belong inside it."""
    was_inside, connection.in_atomic_block = connection.in_atomic_block, True
    try:
        yield
    finally:
        connection.in_atomic_block = was_inside


def _announce(recorded: list[Recorded]) -> None:
    """After COMMIT. Nothing here may fail the caller: its write is done."""
    collector = _collector.get()
    if collector is not None:
        collector += recorded
    for announce in _announcers:
        announce(recorded)
