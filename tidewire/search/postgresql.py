"""The index on PostgreSQL: a generated column with a GIN index. It is written by the statement that writes the row."""

from __future__ import annotations

import hashlib
from typing import Any

from tidewire.search.indexes import COLUMN, MAX_CHARACTERS, SearchedColumns, text_configurations

MARK = "tidewire search "
"""The comment of our columns begins so; the digest follows."""

MAX_NAME = 63
"""Bytes of a name in PostgreSQL."""

_SEPARATORS = (
    r"[!-/:-@\[-`{-~\u00a0-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf"
    r"\u2000-\u206f\u3000-\u303f\uff00-\uff0f\uff1a-\uff20]+"
)
"""A blank takes the place of these before the text is read: PostgreSQL would keep addresses, paths and numbers with a
sign together, and in a database of locale C all that is not ASCII."""

_INSTALLED = """
SELECT c.relname, d.description FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %s AND NOT a.attisdropped
JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = a.attnum AND d.classoid = 'pg_class'::regclass
WHERE c.relnamespace = current_schema()::regnamespace AND starts_with(d.description, %s)
"""
_FOLDS_ASCII_ONLY = """
SELECT EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu')
FROM pg_database WHERE datname = current_database() AND datctype IN ('C', 'POSIX')
"""


def installed(cursor: Any) -> dict[str, str]:
    """Returns {table: digest} of the indexes in this database."""
    cursor.execute(_INSTALLED, [COLUMN, MARK])
    return {table: description.removeprefix(MARK) for table, description in cursor.fetchall()}


def remove(cursor: Any, table: str) -> None:
    cursor.execute(f'ALTER TABLE "{table}" DROP COLUMN "{COLUMN}"')


def install(cursor: Any, searched: SearchedColumns) -> None:
    """Adds the column, which rewrites the table, and its index. Runs in a transaction."""
    table = f'"{searched.table}"'
    cursor.execute("SET LOCAL statement_timeout = 0")  # a million rows take more than the 30 seconds of a request
    cursor.execute(
        f'ALTER TABLE {table} ADD COLUMN "{COLUMN}" tsvector GENERATED ALWAYS AS ({_vector(cursor, searched)}) STORED'
    )
    cursor.execute(f'CREATE INDEX "{index_name(searched.table)}" ON {table} USING gin ("{COLUMN}")')
    cursor.execute(f"COMMENT ON COLUMN {table}.\"{COLUMN}\" IS '{MARK}{searched.digest}'")


def index_name(table: str) -> str:
    """Returns the name of a table's index. No two tables share one, and PostgreSQL cuts none of them."""
    name = f"{table}_{COLUMN}"
    if len(name.encode()) <= MAX_NAME:
        return name
    digest = hashlib.blake2b(table.encode(), digest_size=4).hexdigest()
    kept = table.encode()[: MAX_NAME - len(f"_{digest}_{COLUMN}")].decode(errors="ignore")
    return f"{kept}_{digest}_{COLUMN}"


def analyze(cursor: Any, searched: SearchedColumns) -> None:
    """Counts how frequent the words are: by that PostgreSQL chooses how to search."""
    cursor.execute(f'ANALYZE "{searched.table}"')


def _vector(cursor: Any, searched: SearchedColumns) -> str:
    """Returns the expression of the words of a row, in each of the languages."""
    text = " || ' ' || ".join(f"coalesce(\"{column}\"::text, '')" for column in searched.columns)
    text = f"left({text}, {MAX_CHARACTERS})"
    cursor.execute(_FOLDS_ASCII_ONLY)
    if cursor.fetchone() == (True,):
        text = f'lower({text} COLLATE "und-x-icu")'
    text = f"regexp_replace({text}, '{_SEPARATORS}', ' ', 'g')"
    return " || ".join(f"to_tsvector('{name}'::regconfig, {text})" for name in text_configurations())
