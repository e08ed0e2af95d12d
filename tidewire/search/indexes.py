"""What is searched of a model, and the names of the index that the database keeps of it."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db.models import CharField, Field, Model, TextField

from tidewire.declare.registry import registry
from tidewire.ground.conf import conf

COLUMN = "tidewire_search"
"""PostgreSQL's generated column. Models do not know it, so no query of the ORM reads it."""
MAX_CHARACTERS = 50_000
"""Of a row's texts; what follows is not found. PostgreSQL refuses to index a megabyte, and the write would fail."""
VERSION = 1
"""Of the statements that make an index. Another number makes every index anew."""

_LANGUAGE = re.compile(r"[a-z][a-z0-9_]{0,62}")


class SearchedColumns(NamedTuple):
    """The texts of one model that are searched: its table, its key's column, and their columns."""

    table: str
    key: str
    columns: tuple[str, ...]

    @property
    def digest(self) -> str:
        """A text that changes with anything that the index is made of."""
        made_of = (VERSION, MAX_CHARACTERS, self.columns, text_configurations())
        return hashlib.blake2b(repr(made_of).encode(), digest_size=8).hexdigest()


def searched_columns(model: type[Model]) -> SearchedColumns | None:
    """Returns what is searched of a model, or None. A name that is no text of its table is left to the checks."""
    fields = [text_field(model, name) for name in registry.searched_of(model)]
    columns = tuple(str(field.column) for field in fields if field is not None)
    return SearchedColumns(model._meta.db_table, str(model._meta.pk.column), columns) if columns else None


def text_field(model: type[Model], name: str) -> Field[Any, Any] | None:
    """Returns the field of this name if it is a column of text in the model's own table."""
    try:
        field: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    is_text = isinstance(field, CharField | TextField) and field.concrete
    return field if is_text and field in model._meta.local_concrete_fields else None


def text_configurations() -> tuple[str, ...]:
    """Returns the names of PostgreSQL's text search configurations that texts and queries are read with.

    Raises ImproperlyConfigured for a name that cannot be one: names become a part of statements.
    """
    names = tuple(conf.SEARCH_LANGUAGES)
    for name in names or ("",):
        if not _LANGUAGE.fullmatch(name):
            raise ImproperlyConfigured(f"SEARCH_LANGUAGES holds {name!r}, which is no language such as 'english'.")
    return names


def rows_table(table: str) -> str:
    """Returns the name of SQLite's table of searched texts."""
    return f"{table}_search"


def fts_table(table: str) -> str:
    """Returns the name of SQLite's full-text index of these texts."""
    return f"{table}_search_words"
