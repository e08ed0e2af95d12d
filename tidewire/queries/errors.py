"""What an error of the database says about the transaction that met it."""

from __future__ import annotations

from django.db import DatabaseError, IntegrityError

_LOST_RACES = {"40P01", "40001"}
"""SQLSTATEs of a deadlock and of a serialization failure: PostgreSQL asks the loser to start again."""

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
