"""What an error of the database says: about the transaction that met it, and about the database.

This is the one place that knows SQLSTATEs and the messages of SQLite. REST, sockets and probes ask `fault_of`.
"""

from __future__ import annotations

from enum import Enum

from django.db import DatabaseError, DataError, Error, IntegrityError


class Fault(Enum):
    """Whose fault an error is, and what a client can do."""

    CONFLICT = "another transaction was faster: the request may be sent again, after reading anew"
    INPUT = "the values cannot be stored or compared: the request must change"
    UNAVAILABLE = "the database cannot do it now: the same request may be sent again later"
    UNREADY = "the database is not set up for this release, or refuses our account: an operator must act"


# By SQLSTATE, or by its class (its first two characters). PostgreSQL's documentation, appendix A, has the list.
_FAULTS = {
    "08": Fault.UNAVAILABLE,  # connection exceptions
    "0A": Fault.UNREADY,  # a feature that this server does not have
    "21": Fault.INPUT,
    "22": Fault.INPUT,  # data exceptions: out of range, no such time, untranslatable characters
    "23": Fault.CONFLICT,  # a constraint that the checks before it found kept
    "25": Fault.UNAVAILABLE,  # 25006: the primary has become a standby; 25P03: the transaction idled too long
    "26": Fault.UNAVAILABLE,  # a pooler gave this transaction another session
    "28": Fault.UNREADY,  # refused sign-in
    "2D": Fault.UNAVAILABLE,
    "3D": Fault.UNREADY,  # no such database
    "3F": Fault.UNREADY,  # no such schema
    "40": Fault.CONFLICT,  # deadlock, serialization failure
    "42": Fault.UNREADY,  # a table, column or permission is missing
    "53": Fault.UNAVAILABLE,  # no connections, disk or memory left
    "54": Fault.INPUT,  # a statement too large or too complex
    "55": Fault.UNAVAILABLE,  # a lock was waited for too long
    "57": Fault.UNAVAILABLE,  # shut down, starting up, cancelled by a timeout
    "58": Fault.UNAVAILABLE,  # input and output errors of the server's machine
    "F0": Fault.UNAVAILABLE,
    "HV": Fault.UNAVAILABLE,
    "XX": Fault.UNAVAILABLE,  # internal errors, damaged data
}

READ_ONLY = "25006"
"""The SQLSTATE of a write on a server that takes none: after a failover the old primary has become a standby."""

# SQLite has no SQLSTATE. Its messages, in lower case, and what they say; any other is a database that is busy or away.
_SQLITE_FAULTS = {
    "no such": Fault.UNREADY,
    "has no column": Fault.UNREADY,
    "too many sql variables": Fault.INPUT,
    "too many terms": Fault.INPUT,
    "pattern too complex": Fault.INPUT,
    "tree is too large": Fault.INPUT,
    "parser stack overflow": Fault.INPUT,
    "string or blob too big": Fault.INPUT,
    "integer overflow": Fault.INPUT,
}

_LOST_RACES = {"40P01", "40001"}
"""SQLSTATEs of a deadlock and of a serialization failure: PostgreSQL asks the loser to start again."""

_LOCK_TIMEOUT = "55P03"
"""The SQLSTATE of a statement that has waited for a lock for `lock_timeout`."""

_CANCELLED = "57014"
"""The SQLSTATE of a statement that has taken longer than `statement_timeout`."""

_UNKNOWN_STATEMENT = "26000"
"""The SQLSTATE of a prepared statement that the session does not have."""

_OUTDATED_STATEMENT = ("0A000", "cached plan")
"""The SQLSTATE of a prepared statement whose columns a migration has changed, and words of its message: other errors
have the same SQLSTATE."""


def is_retryable(error: BaseException) -> bool:
    """Returns whether the same transaction, run again from its start, can succeed. `error` is Django's.

    True for a deadlock and a serialization failure, and for a prepared statement that its session has lost. True for a
    violated constraint as well: the checks before it passed, so another transaction was faster, and the next run's
    checks see its rows. SQLite runs one writer at a time and has only the last kind.
    """
    if not isinstance(error, DatabaseError):
        return False
    cause = error.__cause__
    return isinstance(error, IntegrityError) or _sqlstate(cause) in _LOST_RACES or is_lost_statement(cause)


def fault_of(error: BaseException) -> Fault | None:
    """Returns whose fault an error of the database is. None for an error that does not come from a database.

    `error` is Django's, or the OverflowError of a number that does not fit SQLite's integers.
    """
    if isinstance(error, OverflowError) and "SQLite" in str(error):
        return Fault.INPUT
    if not isinstance(error, Error):
        return None
    state = _sqlstate(error.__cause__)
    if state is not None:
        return _FAULTS.get(state[:2], Fault.UNAVAILABLE)
    if isinstance(error, IntegrityError):
        return Fault.CONFLICT
    if isinstance(error, DataError):
        return Fault.INPUT
    message = str(error).lower()
    return next((fault for words, fault in _SQLITE_FAULTS.items() if words in message), Fault.UNAVAILABLE)


def is_lock_timeout(error: BaseException) -> bool:
    """Returns whether a statement has waited for a lock for too long. `error` is Django's."""
    return _sqlstate(error.__cause__) == _LOCK_TIMEOUT


def is_cancelled(error: BaseException) -> bool:
    """Returns whether a statement has taken longer than its timeout. `error` is Django's."""
    return _sqlstate(error.__cause__) == _CANCELLED


def is_read_only(error: BaseException | None) -> bool:
    """Returns whether the server takes no writes. `error` is the driver's."""
    return _sqlstate(error) == READ_ONLY


def is_lost_statement(error: BaseException | None) -> bool:
    """Returns whether a prepared statement is unknown or outdated. `error` is the driver's."""
    return is_unknown_statement(error) or (
        _sqlstate(error) == _OUTDATED_STATEMENT[0] and _OUTDATED_STATEMENT[1] in str(error)
    )


def is_unknown_statement(error: BaseException | None) -> bool:
    """Returns whether the session has no prepared statement of this name."""
    return _sqlstate(error) == _UNKNOWN_STATEMENT


def _sqlstate(error: BaseException | None) -> str | None:
    return getattr(error, "sqlstate", None)
