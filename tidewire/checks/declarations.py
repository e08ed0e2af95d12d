"""Start-up checks of declarations: a wrong one is refused by file and line, with a hint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import models, router
from rest_framework.relations import HyperlinkedRelatedField

from tidewire.checks import rehearsal
from tidewire.checks.functions import complaint
from tidewire.checks.messages import error, name_of, warning
from tidewire.checks.searching import check_searched
from tidewire.checks.topics import check_kind_on_mqtt, check_topic
from tidewire.declare.kinds import StreamKind
from tidewire.declare.live import Fact, Live, Touch
from tidewire.declare.registry import registry
from tidewire.ground import streams
from tidewire.log.database import holds_log, log_alias

_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")

IN_A_THREAD = "It runs in a database thread, so it may query, and is not asynchronous."


@checks.register("tidewire")
def check_declarations(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Checks everything that is registered, each declaration by itself and their event types together."""
    found = [problem for declaration in registry.misplaced for problem in _check_misplaced(declaration)]
    found += [problem for kind in registry.kinds.values() for problem in _check_kind(kind)]
    for live in registry.lives:
        wrong = [*_check_live(live)]
        found += wrong or rehearsal.rehearse(live)
    found += [problem for touch in registry.touches for problem in _check_touch(touch)]
    found += [problem for fact in registry.facts for problem in _check_fact(fact)]
    found += [problem for kind in registry.kinds.values() for problem in check_kind_on_mqtt(kind)]
    found += [problem for topic in registry.topics for problem in check_topic(topic)]
    return found + list(_check_names(registry.lives, registry.facts))


def _check_misplaced(declaration: Any) -> Iterator[checks.CheckMessage]:
    """Yields the reason why the registry could not keep a declaration."""
    if not isinstance(declaration, Live | Fact):
        yield error(declaration, "is no declaration", "E120", "Pass Live(…), Touch(…) and Fact(…) to register().")
        return
    kind = declaration.kind if isinstance(declaration, Fact) else getattr(declaration.stream, "kind", None)
    if isinstance(kind, StreamKind):
        other = registry.kinds[kind.name].declared_at
        text = f"uses a second stream kind named {kind.name!r}; the first is at {other}"
        yield error(declaration, text, "E113", "Make one StreamKind and import it, or give the second another name.")
    else:
        hint = 'Write stream=kind.of("column") in a Live, and kind=kind in a Fact, where `kind` is a StreamKind.'
        yield error(declaration, "names no stream", "E114", hint)


def _check_kind(kind: StreamKind) -> Iterator[checks.CheckMessage]:
    if streams.parse(f"{kind.name}:0") is None:
        yield error(kind, "has a wrong name", "E121", "Use up to 24 of a-z, 0-9 and _, with a letter first.")
    if wrong := complaint(kind.may_subscribe, "(user_id, keys)"):
        hint = "Write `def may_subscribe(user_id, keys)`, which returns those of the keys that the user may read."
        yield error(kind, f"has a may_subscribe that {wrong}", "E122", f"{hint} {IN_A_THREAD}")
    if kind.readers is not None and (wrong := complaint(kind.readers, "(key, user_ids)")):
        hint = "Write `def readers(key, user_ids)`, which returns those of the users who may read the stream."
        yield error(kind, f"has a readers that {wrong}", "E122", f"{hint} {IN_A_THREAD}")
    if isinstance(kind.ephemeral, str) or not all(
        isinstance(type, str) and 0 < len(type) <= 64 for type in kind.ephemeral
    ):
        hint = 'Write a set of texts of up to 64 characters: ephemeral=frozenset({"typing"}).'
        yield error(kind, "has `ephemeral` that is not a set of types", "E123", hint)
    if kind.rate is not None and (kind.rate.events < 1 or kind.rate.seconds <= 0):
        yield error(kind, "has a rate that allows no event", "E124", "Allow at least 1 event in more than 0 seconds.")
    if kind.retention is not None and (kind.retention.events < 0 or kind.retention.seconds < 0):
        yield error(kind, "has a negative retention", "E125", "Set `events` and `seconds` to 0 or more.")
    if not kind.keeps_access and not any(ends_access(live) for live in registry.lives if live.stream.kind is kind):
        hint = (
            "Give a Live of this kind `ends_access`, which names the user whose access ends with an event. Or set "
            "keeps_access=True, where every reader keeps the access for as long as the account exists."
        )
        text = "has readers whose access never ends: one that lost it would be found after up to ACCESS_SECONDS"
        yield warning(kind, text, "W132", hint)


def ends_access(live: Live[Any]) -> bool:
    """Returns whether a declaration says whose access ends."""
    return live.ends_access is not Live.__dataclass_fields__["ends_access"].default


def _check_live(live: Live[Any]) -> Iterator[checks.CheckMessage]:
    model = live.model
    if not (isinstance(model, type) and issubclass(model, models.Model)):
        yield error(live, "names no model", "E101", "Pass the class of a model first: Live(Poll, …).")
        return
    if not _has_column(model, live.stream.path):
        near = ", ".join(field.attname for field in model._meta.concrete_fields)
        hint = f'Name one of {near}; or a column behind foreign keys: kind.of("ticket__project_id").'
        yield error(live, f"has no column {live.stream.path!r} to name its stream by", "E104", hint)
    if live.fields is not None and live.ignore:
        yield error(live, "has both `fields` and `ignore`", "E129", "Keep one of them.")
    if unknown := sorted({*(live.fields or ()), *live.ignore} - _names_of(model)):
        text, hint = f"names fields that its model does not have: {', '.join(unknown)}", "Write the names of its fields"
        yield error(live, text, "E129", f"{hint}: {', '.join(sorted(_names_of(model)))}.")
    if model._meta.proxy:
        concrete = name_of(model._meta.concrete_model)
        yield error(live, "is a proxy", "E107", f"Write Live({concrete}, …): the rows of a proxy are its rows.")
    if live.is_rate_limited and live.stream.kind.rate is None:
        text = f"is rate-limited, but its kind, at {live.stream.kind.declared_at}, has no rate"
        yield error(live, text, "E126", "Write rate=Rate(events=…, seconds=…) in the StreamKind.")
    yield from _check_functions(live)
    yield from check_searched(live)
    yield from _check_database(live, model)
    yield from _check_serializer(live, live.serializer)
    if live.key_schema is not None:
        yield from _check_serializer(live, live.key_schema)


def _check_functions(live: Live[Any]) -> Iterator[checks.CheckMessage]:
    """Refuses functions that cannot be called as recording calls them."""
    functions = [("key", live.key, "(row)"), ("is_deleted", live.is_deleted, "(row)")]
    functions += [("ends_access", live.ends_access, "(type, row)")]
    functions += [("queryset", live.queryset, "()"), ("complete_new", live.complete_new, "(row)")]
    for name, function, arguments in functions:
        if function is not None and (wrong := complaint(function, arguments)):
            hint = f"Pass a function that is called as {name}{arguments}, such as `lambda {arguments.strip('()')}: …`."
            yield error(live, f"has a {name} that {wrong}", "E133", f"{hint} {IN_A_THREAD}")
    if isinstance(live.intents, str):
        hint = f"Write a tuple: intents=({live.intents!r},)."
        yield error(live, "has `intents` that are one text", "E134", hint)


def _check_touch(touch: Touch) -> Iterator[checks.CheckMessage]:
    try:
        parent = touch.parent_model
    except FieldDoesNotExist:
        keys = [field.name for field in touch.model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
        hint = f"Name a foreign key of the model: {', '.join(keys) or 'it has none'}."
        yield error(touch, "has a parent that is no foreign key", "E111", hint)
        return
    yield from _check_database(touch, touch.model)
    if not registry.lives_of(parent):
        hint = f"Register Live({parent.__name__}, …): the event of a part shows the whole."
        yield error(touch, f"is a part of {parent.__name__}, which is not live", "E112", hint)


def _check_fact(fact: Fact[Any]) -> Iterator[checks.CheckMessage]:
    yield from _check_serializer(fact, fact.serializer)
    if fact.merge is not None and (wrong := complaint(fact.merge, "(earlier, later)")):
        hint = "Write a function (earlier, later) that returns one `data`, or None."
        yield error(fact, f"has a merge that {wrong}", "E133", f"{hint} {IN_A_THREAD}")


def _check_names(lives: list[Live[Any]], facts: list[Fact[Any]]) -> Iterator[checks.CheckMessage]:
    """Refuses wrong event types, and one type with two shapes: a client tells events apart by their type alone."""
    shapes: dict[tuple[StreamKind, str], tuple[Any, str]] = {}
    for declaration, type, shape, kind in _named_types(lives, facts):
        if not (isinstance(type, str) and len(type) <= 64 and _TYPE.fullmatch(type)):
            hint = "Write noun.verb in lower case, up to 64 characters: message.edited."
            yield error(declaration, f"has an event type {type!r}", "E127", hint)
        known, where = shapes.setdefault((kind, type), (shape, declaration.declared_at))
        if known is not shape:
            hint = "Use the same serializer in both, or give one of them another event type."
            yield error(declaration, f"gives {type!r} another shape than the declaration at {where}", "E128", hint)


def _named_types(lives: list[Live], facts: list[Fact]) -> Iterator[tuple[Any, Any, Any, StreamKind]]:
    """Yields (declaration, event type, serializer of its data, kind of stream)."""
    for live in lives:
        for type, is_key in live.types.items():
            yield live, type, live.key_schema if is_key else live.serializer, live.stream.kind
    for fact in facts:
        yield fact, fact.type, fact.serializer, fact.kind


def _check_database(declaration: Any, model: type[models.Model]) -> Iterator[checks.CheckMessage]:
    """Refuses a model of another database than the log's: events are written in the transaction of the rows."""
    alias, log = router.db_for_write(model), log_alias()
    if not holds_log(alias):
        text = f"is written to the database {alias!r}, but the event log is in {log!r}, and one transaction writes both"
        hint = (
            "Route the app tidewire and all live models to one database. `db_for_write` of DATABASE_ROUTERS says where."
        )
        yield error(declaration, text, "E115", hint)


def _has_column(model: type[models.Model], path: str) -> bool:
    """Returns whether foreign keys lead from a row to one other row, and the last name is a column there."""
    *relations, column = path.split("__")
    for name in relations:
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            return False
        if not isinstance(field, models.ForeignKey):
            return False
        model = field.related_model
    return column == "pk" or column in {field.attname for field in model._meta.concrete_fields}


def _names_of(model: type[models.Model]) -> set[str]:
    """Returns the names that `fields` and `ignore` may have: of fields, and of relations as rows have them."""
    fields: Any = model._meta.get_fields()
    return {field.get_accessor_name() if hasattr(field, "get_accessor_name") else field.name for field in fields}


def _check_serializer(declaration: Live[Any] | Fact[Any], serializer: Any) -> Iterator[checks.CheckMessage]:
    """Refuses a serializer that needs a request: recording has none, so the first write would fail."""
    try:
        linked = list(_linked_fields(serializer()))
    except Exception as problem:
        text = f"has a serializer that cannot be used without a request: {problem!r}"
        yield error(declaration, text, "E105", "Pass the class of a DRF serializer of this model, not an instance.")
        return
    for name in linked:
        hint = f"Leave {name!r} out, or send the id: PrimaryKeyRelatedField(read_only=True)."
        yield error(
            declaration, f"has a serializer whose field {name!r} builds a URL, which needs a request", "E105", hint
        )


def _linked_fields(serializer: Any) -> Iterator[str]:
    """Yields the names of the hyperlinked fields of a serializer, and of those nested in it."""
    for name, field in getattr(serializer, "fields", {}).items():
        inner = getattr(field, "child_relation", None) or getattr(field, "child", None) or field
        if isinstance(inner, HyperlinkedRelatedField):
            yield name
        yield from _linked_fields(inner)
