"""Centrifugo's tables as a node of 6.9.1 makes them, for tests without a node.

`tests/centrifugo/test_schema.py` compares them with those of a real node, in `make verify`.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

TABLES = """
CREATE TABLE cf_binary_stream (
    id bigserial,
    channel text NOT NULL,
    channel_offset bigint NOT NULL,
    epoch text NOT NULL DEFAULT '',
    kind smallint NOT NULL DEFAULT 0,
    data bytea,
    tags jsonb,
    client_id text,
    user_id text,
    conn_info bytea,
    chan_info bytea,
    prev_data bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    shard_id smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE TABLE cf_binary_stream_meta (
    channel text PRIMARY KEY,
    top_offset bigint NOT NULL DEFAULT 0,
    epoch text NOT NULL DEFAULT '',
    history_ttl interval NOT NULL DEFAULT interval '1 minute',
    history_size integer NOT NULL DEFAULT 100,
    top_version bigint NOT NULL DEFAULT 0,
    top_version_epoch text NOT NULL DEFAULT '',
    expires_at timestamptz NOT NULL DEFAULT now() + interval '7 days',
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
CREATE TABLE cf_binary_stream_shard_lock (shard_id smallint PRIMARY KEY);
CREATE TABLE cf_binary_stream_schema_version (id integer PRIMARY KEY, schema_version integer NOT NULL);
"""
PARTITION = "CREATE TABLE cf_binary_stream_rows PARTITION OF cf_binary_stream DEFAULT"
"""Nodes make one a day."""
NAMES = (
    "cf_binary_stream",
    "cf_binary_stream_meta",
    "cf_binary_stream_shard_lock",
    "cf_binary_stream_schema_version",
)


def create(cursor: Any) -> None:
    """Makes the tables, with the rows that nodes put there."""
    cursor.execute(TABLES + PARTITION)
    restore(cursor)


def restore(cursor: Any) -> None:
    """Empties them of all other rows."""
    cursor.execute(f"TRUNCATE {', '.join(NAMES)} RESTART IDENTITY")
    cursor.execute("INSERT INTO cf_binary_stream_shard_lock VALUES (0)")
    cursor.execute("INSERT INTO cf_binary_stream_schema_version VALUES (1, 1)")


def drop(cursor: Any) -> None:
    cursor.execute(f"DROP TABLE {', '.join(NAMES)}")


def ask(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Returns the rows of a query."""
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []
