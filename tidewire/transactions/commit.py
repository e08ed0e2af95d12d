"""The one place that stands between Django and COMMIT.

Events must be recorded after the last change of the outermost transaction and before its COMMIT, no matter what opened
it: a view, the admin, a command, the shell, a library's `atomic`. Django has no hook there. So the first change that is
noted in a transaction puts a wrapper on `connection.commit`, for that one transaction. Savepoints need no care: notes
are entries of `connection.run_on_commit`, from which Django drops those of a rolled-back savepoint.

Written against Django 5.2: `Atomic.__exit__` clears `in_atomic_block`, then calls `connection.commit()`, and rolls back
by itself only on DatabaseError.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from tidewire.ground import tracing
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.queries.round_trips import gathered, run_with_next
from tidewire.transactions.notes import Note
from tidewire.transactions.pre_commit import PreCommitStep, in_order

_N = TypeVar("_N", bound=Note)


class Recorder(Protocol):
    """Appends the events of these notes to the log, inside the open transaction of the database `using`.

    `is_last` returns whether nothing but COMMIT follows.
    """

    def __call__(self, notes: list[Note], *, using: str, is_last: Callable[[], bool]) -> list[RecordedEvent]: ...


Announcer = Callable[[list[RecordedEvent]], None]
"""Called with the events of each committed transaction, in the writer's thread. It must not raise."""

_recorder: Recorder | None = None
_announcers: list[Announcer] = []
_holds_log: Callable[[str], bool] = bool


def register(recorder: Recorder, announcers: Iterable[Announcer], holds_log: Callable[[str], bool]) -> None:
    """Connects this package to the log and to the layer, which stand below it. Called once, when the app is ready.

    `holds_log` returns whether the log is in the database of an alias.
    """
    global _recorder, _holds_log
    _recorder, _announcers[:], _holds_log = recorder, announcers, holds_log


_collector: ContextVar[list[RecordedEvent] | None] = ContextVar("tidewire_recorded", default=None)


@contextmanager
def recorded_events() -> Generator[list[RecordedEvent]]:
    """Collects the events that transactions inside the block record. The list is filled when they have committed."""
    events: list[RecordedEvent] = []
    token = _collector.set(events)
    try:
        yield events
    finally:
        _collector.reset(token)


def note(using: str, notes: Iterable[Note]) -> None:
    """Remembers what to record in the current transaction of the database `using`.

    Where the row is committed already, because its class was captured too late, the events are recorded in a
    transaction of their own: late, but not lost. Raises ImproperlyConfigured where no recorder is registered, and for a
    database without the log.
    """
    if _recorder is None:
        raise ImproperlyConfigured(
            "nothing records events yet: add 'tidewire' to INSTALLED_APPS, and write to live models only after "
            "django.setup() has returned"
        )
    connection = transaction.get_connection(using)
    if not _holds_log(connection.alias):
        raise ImproperlyConfigured(
            f"a live model was written to the database {using!r}. Its events are recorded in the transaction of the "
            "write, and the event log is in another database. Keep the rows of live models in one database, with the "
            "log, or write rows of a copy without Django's ORM"
        )
    if not connection.in_atomic_block and connection.get_autocommit():
        with transaction.atomic(using=using):
            note(using, notes)
        return
    arm(connection)
    _hooks(connection).extend((set(connection.savepoint_ids), entry, True) for entry in notes)


def arm(connection: BaseDatabaseWrapper) -> None:
    """Makes this transaction record its events before it commits. Does nothing where it is done already."""
    if not records_at_commit(connection):
        connection.commit = _RecordingCommit(connection)
    elif not connection.run_on_commit:  # that of a transaction before this one, which was rolled back
        connection.__dict__["commit"].began_at_ns = tracing.now_ns()


def records_at_commit(connection: BaseDatabaseWrapper) -> bool:
    """Returns whether something was noted in this transaction, so that statements will run just before COMMIT."""
    return isinstance(connection.__dict__.get("commit"), _RecordingCommit)


def record_ahead(using: str = DEFAULT_DB_ALIAS) -> list[RecordedEvent]:
    """Records now what would be recorded before COMMIT, and returns the events.

    For a caller that stores the positions of its events in the same transaction. From here on the streams are locked,
    so little may follow. After a rollback the events are gone, and none is announced.
    """
    recorded = _record_last(connections[using])
    transaction.on_commit(partial(_announce, recorded), using=using)
    return recorded


def record_noted(connection: BaseDatabaseWrapper, *, commits: bool = False) -> list[RecordedEvent]:
    """Records the events of everything noted so far, inside the open transaction, and forgets the notes.

    With `commits` the last statement may COMMIT as well. Where it could not, the transaction is still open.
    """
    record = cast(Recorder, _recorder)  # or there were no notes
    recorded: list[RecordedEvent] = []
    # A step or a serializer that writes notes further changes, and steps: go on until none is left.
    while True:
        while steps := _taken_out(connection, PreCommitStep):
            for kind, its_steps in in_order(steps):
                kind.run(its_steps, connection.alias)
        notes = _taken_out(connection, Note)
        if not notes:
            return recorded
        recorded += record(notes, using=connection.alias, is_last=lambda: commits and not _holds(connection, Note))


def _record_last(connection: BaseDatabaseWrapper, *, commits: bool = False) -> list[RecordedEvent]:
    """Does what `record_noted` does, when nothing else follows in the transaction."""
    with gathered(connection):
        _check_deferred(connection)
        return record_noted(connection, commits=commits)


def noted(using: str) -> list[Note]:
    """Returns what is noted in the present transaction and not recorded yet."""
    return [hook for _, hook, _ in _hooks(connections[using]) if isinstance(hook, Note)]


def take_out(using: str, wanted: Callable[[Note], bool]) -> list[Note]:
    """Returns the notes of the present transaction that are wanted, and removes them from it."""
    hooks = _hooks(connections[using])
    found = [hook for _, hook, _ in hooks if isinstance(hook, Note) and wanted(hook)]
    if found:
        hooks[:] = [entry for entry in hooks if not (isinstance(entry[1], Note) and wanted(entry[1]))]
    return found


def _holds(connection: BaseDatabaseWrapper, kind: type[Note]) -> bool:
    return any(isinstance(hook, kind) for _, hook, _ in _hooks(connection))


def _taken_out(connection: BaseDatabaseWrapper, kind: type[_N]) -> list[_N]:
    """Returns the notes of this kind, and removes them from the transaction."""
    hooks = _hooks(connection)
    notes = [hook for _, hook, _ in hooks if isinstance(hook, kind)]
    if notes:
        hooks[:] = [entry for entry in hooks if not isinstance(entry[1], kind)]
    return notes


def _hooks(connection: BaseDatabaseWrapper) -> list[tuple[set[str], Callable[[], Any], bool]]:
    """Returns what Django will call after COMMIT: (savepoints, function, whether its errors are only logged)."""
    return cast("list[tuple[set[str], Callable[[], Any], bool]]", connection.run_on_commit)  # the stubs know two parts


class _RecordingCommit:
    """Replaces `connection.commit` for one call: records, then calls what it replaced."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self.began_at_ns = tracing.now_ns()
        self._previous = connection.__dict__.get("commit")  # another library's wrapper; most often nothing

    def __call__(self) -> None:
        connection = self._connection
        self._restore()
        with tracing.span("transaction", self.began_at_ns):
            try:
                with tracing.span("record"), _as_inside_atomic(connection):
                    recorded = _record_last(connection, commits=self._previous is None)
            except BaseException:
                connection.rollback()
                raise
            connection.commit()  # costs nothing where it was done with the last statement
        _announce(recorded)

    def _restore(self) -> None:
        if self._previous is None:
            del self._connection.commit  # the class's own again
        else:
            self._connection.commit = self._previous


def _check_deferred(connection: BaseDatabaseWrapper) -> None:
    """Checks now what COMMIT would check: a deferred foreign key locks the row it refers to.

    The streams' locks must come after all others. Else a transaction that is deleting that row, and waits for a stream
    of ours, would wait for us while our COMMIT waits for its row.
    """
    if connection.vendor == "postgresql" and connection.run_on_commit:
        run_with_next(connection, "SET CONSTRAINTS ALL IMMEDIATE")


@contextmanager
def _as_inside_atomic(connection: BaseDatabaseWrapper) -> Generator[None]:
    """Marks the connection as inside its block again, which `Atomic.__exit__` has left: recording belongs inside."""
    was_inside, connection.in_atomic_block = connection.in_atomic_block, True
    try:
        yield
    finally:
        connection.in_atomic_block = was_inside


def _announce(recorded: list[RecordedEvent]) -> None:
    """Hands committed events to the collector and to the announcers. Nothing here may raise: the write is done."""
    collector = _collector.get()
    if collector is not None:
        collector += recorded
    for announce in _announcers:
        announce(recorded)
