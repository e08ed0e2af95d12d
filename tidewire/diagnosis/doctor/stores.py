"""The database: whether it answers, takes writes, is migrated, ends what hangs, and has places for all processes."""

from __future__ import annotations

import time
from typing import Any

from django.core import checks
from django.db import DatabaseError, connections, transaction
from django.db.migrations.executor import MigrationExecutor

from tidewire.diagnosis.doctor.finding import Findings, clock, error, ok, warning
from tidewire.log import replicas
from tidewire.log.database import log_alias

FAR_BEHIND_BYTES = 16 * 1024 * 1024

TIMEOUTS = {
    "idle_in_transaction_session_timeout": "an idle transaction keeps the locks of its streams, and the poll misses it",
    "statement_timeout": "a statement that hangs keeps its place among the views",
    "lock_timeout": "a writer that waits for a lock waits for ever",
}


def look_at_database(workers: int) -> Findings:
    """All of it. Ends with the first fault that makes the rest impossible to ask."""
    alias = log_alias()
    connection: Any = connections[alias]
    try:
        _open_without_pool(connection)
        connection.ensure_connection()
    except (DatabaseError, OSError) as failure:
        yield error(
            "database",
            f"DATABASES[{alias!r}] does not answer: {str(failure).strip().splitlines()[0]}",
            "Compare host, port, name and password of DATABASE_URL; then `psql` with the same, as the same user.",
        )
        return
    yield ok("database", f"{connection.display_name} {_version(connection)} answers")
    is_postgresql = connection.vendor == "postgresql"
    yield from _read_only(connection) if is_postgresql else _read_only_file(connection)
    yield from _migrations(connection)
    for problem in checks.run_checks(tags=[checks.Tags.database], databases=[alias]):
        yield error("database", f"{problem.id}: {problem.msg}", problem.hint or "")
    if is_postgresql:
        yield from _pooler(connection)
        yield from _timeouts(alias)
        yield from _places(connection, workers)
        yield from _replica(connection)
        yield clock(
            "database clock", _one(connection, "SELECT extract(epoch FROM clock_timestamp())::float8"), time.time()
        )


def _open_without_pool(connection: Any) -> None:
    """Opens a connection of its own, and closes it. Raises the database's reason at once, which a pool would keep for
    its log, and say after seconds that it got none."""
    config = connection.settings_dict
    if "pool" in config["OPTIONS"]:
        options = {name: value for name, value in config["OPTIONS"].items() if name != "pool"}
        single = type(connection)({**config, "OPTIONS": options}, connection.alias)
        single.ensure_connection()
        single.close()


def _version(connection: Any) -> str:
    return ".".join(map(str, connection.get_database_version()))


def _one(connection: Any, statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def _read_only(connection: Any) -> Findings:
    if _one(connection, "SELECT current_setting('transaction_read_only')") == "on":
        yield error(
            "read-only database",
            "the server takes no writes: a standby, or default_transaction_read_only is on",
            "Point DATABASE_URL at the primary, for example with target_session_attrs=read-write and both hosts.",
        )


def _read_only_file(connection: Any) -> Findings:
    """SQLite's file, and the folder in which it makes others beside it. What is tried is rolled back."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT doctor")
            try:
                cursor.execute("CREATE TABLE tidewire_doctor (tried)")
            finally:
                cursor.execute("ROLLBACK TO doctor")
                cursor.execute("RELEASE doctor")
    except DatabaseError as failure:
        if "readonly" in str(failure):
            yield error(
                "read-only database",
                f"{connection.settings_dict['NAME']} takes no writes",
                "Give the file and its folder to the user of the service: chown, or another DATA_DIR.",
            )


def _migrations(connection: Any) -> Findings:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        first = f"{plan[0][0].app_label}.{plan[0][0].name}"
        yield error(
            "migrations",
            f"{len(plan)} migrations are missing, from {first} on",
            "Run `manage.py migrate` before the new processes start: docs/upgrading.md.",
        )
    else:
        yield ok("migrations", "all are there")


def _pooler(connection: Any) -> Findings:
    """A pooler makes up the process id that it tells its clients, so the server's own is another."""
    said = getattr(getattr(connection.connection, "info", None), "backend_pid", 0)
    if said and said != _one(connection, "SELECT pg_backend_pid()"):
        yield ok("pooler", "a pooler stands in front of PostgreSQL. In transaction mode that works: docs/scaling.md")


def _timeouts(alias: str) -> Findings:
    with transaction.atomic(using=alias):
        values = {name: _one(connections[alias], f"SELECT current_setting('{name}')") for name in TIMEOUTS}
    gone = [name for name, value in values.items() if value == "0"]
    for name in gone:
        yield error(
            "database timeouts",
            f"{name} is off in the sessions of this service: {TIMEOUTS[name]}",
            "Set SESSION_SETTINGS of the database, as backend/stores.py does. Behind a pooler: "
            f"ALTER ROLE … SET {name} = '10s'.",
        )
    if not gone:
        yield ok("database timeouts", ", ".join(f"{name} {value}" for name, value in values.items()))


def _places(connection: Any, workers: int) -> Findings:
    pool = connection.settings_dict["OPTIONS"].get("pool")
    size = pool.get("max_size", 4) if isinstance(pool, dict) else 0
    most = int(_one(connection, "SELECT current_setting('max_connections')"))
    kept = int(_one(connection, "SELECT current_setting('superuser_reserved_connections')"))
    if workers * size > most - kept:
        yield error(
            "database places",
            f"{workers} processes with pools of {size} may open {workers * size} connections, and PostgreSQL has "
            f"{most - kept}",
            "Lower DATABASE_POOL_SIZE, raise max_connections, or put PgBouncer in front: docs/scaling.md.",
        )
    elif size:
        yield ok("database places", f"{workers} processes with pools of {size}, of {most - kept} connections")


def _replica(primary: Any) -> Findings:
    """Looks whether the replica is a standby of this primary and follows it."""
    if replicas.ALIAS not in connections.settings:
        return
    replica = connections[replicas.ALIAS]
    try:
        if not _one(replica, "SELECT pg_is_in_recovery()"):
            yield error(
                "replica",
                "it is no standby: it was promoted, or is the primary itself",
                "Point DATABASE_REPLICA_URL at a server that streams from the primary, or remove it.",
            )
            return
        identities = {_one(each, "SELECT system_identifier FROM pg_control_system()") for each in (primary, replica)}
        end = _one(primary, "SELECT pg_current_wal_flush_lsn()::text")
        behind = int(_one(replica, f"SELECT pg_wal_lsn_diff('{end}', pg_last_wal_replay_lsn())"))
        is_paused = _one(replica, "SELECT pg_is_wal_replay_paused()")
    except (DatabaseError, OSError) as failure:
        yield warning(
            "replica",
            f"DATABASES['replica'] does not answer: {str(failure).strip().splitlines()[0]}",
            "The primary serves its reads. Compare host, port, name and password of DATABASE_REPLICA_URL.",
        )
        return
    if len(identities) > 1:
        yield error(
            "replica", "it follows another primary", "Point DATABASE_REPLICA_URL at a replica of DATABASE_URL's server."
        )
    elif is_paused:
        yield warning("replica", "its replay is paused", "Run SELECT pg_wal_replay_resume() on it.")
    elif behind > FAR_BEHIND_BYTES:
        yield warning(
            "replica",
            f"it is {behind // 1024 // 1024} MiB behind",
            "Look at pg_stat_replication on the primary; on the replica at recovery_min_apply_delay and long queries.",
        )
    else:
        yield ok("replica", f"it follows the primary, {max(0, behind)} bytes behind")
