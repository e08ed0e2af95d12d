"""Start-up checks of what is searched: the columns that declarations name, the views, the languages, the indexes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections, router
from django.urls import URLResolver, get_resolver

from tidewire.checks.messages import error
from tidewire.declare.live import Live
from tidewire.declare.registry import registry
from tidewire.search import installing
from tidewire.search.indexes import text_configurations, text_field
from tidewire.search.passages import PASSAGE


def check_searched(live: Live[Any]) -> Iterator[checks.CheckMessage]:
    """Refuses columns that cannot be searched, or that the readers of the rows do not see."""
    if isinstance(live.searched, str):
        yield error(live, "has `searched` that is one text", "E140", f"Write a tuple: searched=({live.searched!r},).")
        return
    fields = _fields(live.serializer)
    for name in live.searched:
        if not isinstance(name, str) or text_field(live.model, name) is None:
            columns = [field.name for field in live.model._meta.local_concrete_fields]
            near = [column for column in columns if text_field(live.model, column)]
            hint = f"Name columns of text of its own table: {', '.join(near) or 'it has none'}."
            yield error(live, f"searches {name!r}, which is no text of {live.model.__name__}", "E140", hint)
        elif fields is not None and not _shows(fields.get(name), name):
            hint = f"Show {name!r} in the serializer, or do not search it: a search tells whether a word is in it."
            yield error(live, f"searches {name!r}, which its readers do not see", "E140", hint)
    if live.searched and PASSAGE in (fields or ()):
        hint = f"Give the field another name: a search adds {PASSAGE!r} to what the serializer shows."
        yield error(live, f"is searched, and its serializer has a field {PASSAGE!r} of its own", "E140", hint)
    vendor = connections[router.db_for_write(live.model)].vendor
    if live.searched and vendor not in installing.DIALECTS:
        hint = "Use PostgreSQL or SQLite, or leave `searched` out."
        yield error(live, f"is searched, and its database is {vendor}", "E140", hint)


def _fields(serializer: Any) -> dict[str, Any] | None:
    """Returns the fields of a serializer; None where they are not known, which another check reports."""
    try:
        return dict(serializer().fields)
    except Exception:
        return None


def _shows(field: Any, name: str) -> bool:
    """Returns whether a field shows the column of its own name."""
    return field is not None and field.source == name and not field.write_only


@checks.register("tidewire")
def check_search(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Refuses views that search a model of which nothing is searched, and names that are no languages."""
    found: list[checks.CheckMessage] = []
    try:
        text_configurations()
    except ImproperlyConfigured as problem:
        hint = 'Write names of PostgreSQL\'s text search configurations: ["english", "german"], or ["simple"].'
        found.append(checks.Error(str(problem), hint=hint, id="tidewire.E141"))
    if getattr(settings, "ROOT_URLCONF", None):
        for view in {*_search_views(get_resolver().url_patterns)}:
            model = view.searched_model()
            if not registry.searched_of(model):
                text = f"{view.__qualname__} searches {model.__name__}, of which nothing is searched."
                hint = f'Name columns of text in its declaration: Live({model.__name__}, …, searched=("text",)).'
                found.append(checks.Error(text, hint=hint, obj=view, id="tidewire.E142"))
    return found


def _search_views(patterns: Any) -> Iterator[Any]:
    """Yields the views with `SearchMixin`. Its module cannot be imported yet: it needs the project's own settings."""
    for pattern in patterns:
        view = getattr(getattr(pattern, "callback", None), "cls", None)
        if isinstance(pattern, URLResolver):
            yield from _search_views(pattern.url_patterns)
        elif hasattr(view, "searched_model"):
            yield view


@checks.register("tidewire", checks.Tags.database)
def check_indexes(
    app_configs: Any, databases: Collection[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Refuses languages that PostgreSQL does not know, and warns of an index that is not as it is declared."""
    found: list[checks.CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        was_open = connection.connection is not None
        try:
            found += _index_problems(alias)
        except (DatabaseError, ImproperlyConfigured):
            pass  # a database that is away has no indexes, and a wrong name is reported above
        finally:
            if not was_open:
                connection.close()
    return found


def _index_problems(alias: str) -> Iterator[checks.CheckMessage]:
    if not installing.wanted(alias):
        return
    if unknown := _unknown_languages(alias):
        text = f"SEARCH_LANGUAGES names {', '.join(unknown)}, which the database {alias!r} does not know."
        hint = "`SELECT cfgname FROM pg_ts_config` lists the names."
        yield checks.Error(text, hint=hint, id="tidewire.E141")
        return
    wrong, missing = installing.outdated(alias)
    for table in sorted({*wrong, *(searched.table for searched in missing)}):
        text = f"The search index of {table} in the database {alias!r} is not as it is declared."
        yield checks.Warning(text, hint="`manage.py migrate` makes it.", id="tidewire.W143")


def _unknown_languages(alias: str) -> list[str]:
    if connections[alias].vendor != "postgresql" or text_configurations() == ("simple",):
        return []
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT cfgname FROM pg_ts_config")
        known = {name for (name,) in cursor.fetchall()}
    return [name for name in text_configurations() if name not in known]
