"""Centrifugo's PostgreSQL stream broker, which has its tables in our database: their names, version and lock.

They are those of version 6.9, with `binary_data` and one shard. The nodes make them.
"""

from __future__ import annotations

import re
from typing import Any

from django.db import DatabaseError, connections, transaction

from tidewire.centrifugo.tables import EdgePosition
from tidewire.ground.conf import conf

SCHEMA_VERSION = 1
"""The only one that is known. Another release may give the columns another meaning."""


class UnknownBrokerError(Exception):
    """The tables are not those that this relay knows. The message says what is different."""


def table(suffix: str = "") -> str:
    """Returns the quoted name of one of the tables: of the rows, or of what `suffix` says."""
    prefix = str(conf.CENTRIFUGO_TABLES)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", prefix):
        raise UnknownBrokerError(f"CENTRIFUGO_TABLES is no prefix of tables: {prefix!r}")
    return f'"{prefix}_binary_stream{suffix}"'


def address(using: str) -> str:
    """Returns how this application reaches the database, as nodes read it, with the password. Raises UnknownBrokerError
    when it is not PostgreSQL."""
    connection = _postgresql(using)
    found = connection.settings_dict
    parts = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    options = {name: value for name, value in found["OPTIONS"].items() if name.startswith("ssl")}
    return connection.Database.conninfo.make_conninfo(
        **{name: found[key] for name, key in parts.items() if found[key]}, **options
    )


def require_usable(using: str) -> None:
    """Raises UnknownBrokerError when no node could have tables in this database, under the prefix of the settings."""
    _postgresql(using)
    table()


def check(using: str) -> None:
    """Raises UnknownBrokerError if the tables are missing, are of another version, or have more than one shard."""
    _postgresql(using)
    try:
        with transaction.atomic(using), connections[using].cursor() as cursor:
            cursor.execute(f"SELECT {_version_and_shards()}")
            version, shards = cursor.fetchone()
    except DatabaseError as error:
        raise UnknownBrokerError(f"a node of Centrifugo has to start once and make its tables: {error}") from error
    _check(version, shards)


def _postgresql(using: str) -> Any:
    connection = connections[using]
    if connection.vendor != "postgresql":
        raise UnknownBrokerError("Centrifugo's nodes and the relay need PostgreSQL: set DATABASE_URL")
    return connection


def _version_and_shards() -> str:
    """Returns the expressions of a SELECT whose values `_check` takes."""
    version = f"(SELECT schema_version FROM {table('_schema_version')} WHERE id = 1)"
    return f"{version}, (SELECT array_agg(shard_id) FROM {table('_shard_lock')})"


def _check(version: int | None, shards: list[int] | None) -> None:
    if version != SCHEMA_VERSION:
        found = "no" if version is None else version
        raise UnknownBrokerError(f"Centrifugo's tables have the version {found}, and {SCHEMA_VERSION} is known")
    if shards != [0]:
        raise UnknownBrokerError("`broker.postgres.num_shards` of Centrifugo must be 1")


def exist(using: str) -> bool:
    """Returns whether nodes have made their tables in this database."""
    connection = connections[using]
    return connection.vendor == "postgresql" and table().strip('"') in connection.introspection.table_names()


def take_turn(using: str) -> None:
    """Waits until no other relay is in a transaction, and keeps the others out of this one."""
    with connections[using].cursor() as cursor:
        cursor.execute(f'LOCK TABLE "{EdgePosition._meta.db_table}" IN SHARE ROW EXCLUSIVE MODE')


def lock(using: str) -> None:
    """Locks the one shard until the transaction ends, so that rows commit in the order of their ids. Raises
    UnknownBrokerError when the tables have become others since `check`."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT {_version_and_shards()} FROM {table('_shard_lock')} WHERE shard_id = 0 FOR UPDATE")
        version, shards = cursor.fetchone() or (SCHEMA_VERSION, None)
    _check(version, shards)


def wake(using: str) -> None:
    """Has the nodes look for new rows when the transaction commits."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [table("_notify").strip('"')])
