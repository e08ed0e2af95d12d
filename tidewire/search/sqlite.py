"""The index on SQLite: a table with the searched texts, their FTS5 index, and triggers on the searched table.

The texts are stored a second time, so that the index can take back the words that it was given, however the row was
replaced or deleted: SQLite says nothing of the old row of a REPLACE. These rows have a number of their own, because
VACUUM gives new numbers to the rows of other tables.
"""

from __future__ import annotations

import re
from typing import Any

from tidewire.search.indexes import MAX_CHARACTERS, SearchedColumns, fts_table, rows_table, text_configurations

_MARK = "tidewire search "
_MARKED = re.compile(rf"/\* {_MARK}(\w+) \*/")

_TABLES = """
CREATE TABLE "{rows}" (id INTEGER PRIMARY KEY, key NOT NULL UNIQUE, text TEXT NOT NULL);
CREATE VIRTUAL TABLE "{words}" USING fts5(text, content="{rows}", content_rowid=id, tokenize="{tokenizer}");
CREATE TRIGGER "{rows}_added" AFTER INSERT ON "{rows}" BEGIN
    INSERT INTO "{words}" (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER "{rows}_removed" AFTER DELETE ON "{rows}" BEGIN
    INSERT INTO "{words}" ("{words}", rowid, text) VALUES ('delete', old.id, old.text);
END;
INSERT INTO "{rows}" (key, text) SELECT "{key}", {text} FROM "{table}" WHERE {text} <> '' ORDER BY rowid;
CREATE TRIGGER "{table}_search_insert" AFTER INSERT ON "{table}" BEGIN /* {mark} */
    DELETE FROM "{rows}" WHERE key = new."{key}";
    INSERT INTO "{rows}" (key, text) SELECT new."{key}", {new_text} WHERE {new_text} <> '';
END;
CREATE TRIGGER "{table}_search_update" AFTER UPDATE ON "{table}"
WHEN old."{key}" IS NOT new."{key}" OR {old_text} IS NOT {new_text} BEGIN /* {mark} */
    DELETE FROM "{rows}" WHERE key IN (old."{key}", new."{key}");
    INSERT INTO "{rows}" (key, text) SELECT new."{key}", {new_text} WHERE {new_text} <> '';
END;
CREATE TRIGGER "{table}_search_delete" AFTER DELETE ON "{table}" BEGIN /* {mark} */
    DELETE FROM "{rows}" WHERE key = old."{key}";
END
"""
_TRIGGERS = ("insert", "update", "delete")
_OF_ROWS = "_search_added"
"""How the name of a trigger ends that every index has."""


def installed(cursor: Any) -> dict[str, str]:
    """Returns {table: digest} of the indexes in this database. The digest of one that lacks a trigger is "": a table
    that was copied by a migration has lost them."""
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND instr(name, '_search_')")
    triggers = dict(cursor.fetchall())
    tables = [name.removesuffix(_OF_ROWS) for name in triggers if name.endswith(_OF_ROWS)]
    return {table: _digest([triggers.get(f"{table}_search_{event}") for event in _TRIGGERS]) for table in tables}


def _digest(triggers: list[str | None]) -> str:
    """Returns the digest that all these triggers carry, or ""."""
    marks = [_MARKED.search(sql or "") for sql in triggers]
    digests = {mark[1] if mark else "" for mark in marks}
    return digests.pop() if len(digests) == 1 else ""


def remove(cursor: Any, table: str) -> None:
    for event in _TRIGGERS:
        cursor.execute(f'DROP TRIGGER IF EXISTS "{table}_search_{event}"')
    cursor.execute(f'DROP TABLE IF EXISTS "{fts_table(table)}"')
    cursor.execute(f'DROP TABLE IF EXISTS "{rows_table(table)}"')


def install(cursor: Any, searched: SearchedColumns) -> None:
    """Makes the tables and triggers, and fills them. Runs in a transaction."""
    names = {"table": searched.table, "rows": rows_table(searched.table), "words": fts_table(searched.table)}
    texts = {"text": _text(searched, ""), "new_text": _text(searched, "new."), "old_text": _text(searched, "old.")}
    made = _TABLES.format(**names, **texts, key=searched.key, tokenizer=tokenizer(), mark=_MARK + searched.digest)
    for statement in re.split(r";\n(?=CREATE|INSERT)", made.strip()):
        cursor.execute(statement)


def analyze(cursor: Any, searched: SearchedColumns) -> None:
    """Does nothing: FTS5 has no statistics."""


def tokenizer() -> str:
    """Returns how FTS5 reads words: letters, digits and marks, without regard to case; English ones by their stems."""
    stems = "porter " if "english" in text_configurations() else ""
    return f"{stems}unicode61 remove_diacritics 0 categories 'L* N* Co M*'"


def _text(searched: SearchedColumns, row: str) -> str:
    text = " || ' ' || ".join(f"coalesce({row}\"{column}\", '')" for column in searched.columns)
    return f"substr({text}, 1, {MAX_CHARACTERS})"
