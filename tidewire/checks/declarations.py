"""Start-up checks of declarations: a wrong one is refused by file and line, with a hint."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import models, router
from rest_framework.relations import HyperlinkedRelatedField

from tidewire.declare.kinds import StreamKind
from tidewire.declare.live import Fact, Live, Touch
from tidewire.declare.registry import registry
from tidewire.ground import streams
from tidewire.log.database import is_same_database, log_alias

_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@checks.register("tidewire")
def check_declarations(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Checks everything that is registered, each declaration by itself and their event types together."""
    found = [problem for declaration in registry.misplaced for problem in _check_misplaced(declaration)]
    found += [problem for kind in registry.kinds.values() for problem in _check_kind(kind)]
    found += [problem for live in registry.lives for problem in _check_live(live)]
    found += [problem for touch in registry.touches for problem in _check_touch(touch)]
    found += [problem for fact in registry.facts for problem in _check_fact(fact)]
    return found + list(_check_names(registry.lives, registry.facts))


def _check_misplaced(declaration: Any) -> Iterator[checks.CheckMessage]:
    """Yields the reason why the registry could not keep a declaration."""
    label = _label(declaration)
    if not isinstance(declaration, Live | Fact):
        yield _error(label, "is no declaration: register() takes Live, Touch and Fact", "E120")
        return
    kind = declaration.kind if isinstance(declaration, Fact) else getattr(declaration.stream, "kind", None)
    if isinstance(kind, StreamKind):
        other = registry.kinds[kind.name].declared_at
        yield _error(label, f"uses a second stream kind named {kind.name!r}; the first is at {other}", "E113")
    else:
        yield _error(label, 'names no stream: pass stream=kind.of("column"), or kind=kind for a Fact', "E114")


def _check_kind(kind: StreamKind) -> Iterator[checks.CheckMessage]:
    label = f"{kind.declared_at}: StreamKind({kind.name!r})"
    if streams.parse(f"{kind.name}:0") is None:
        yield _error(label, "has a wrong name: use up to 24 of a-z, 0-9 and _, with a letter first", "E121")
    if not callable(kind.may_subscribe):
        yield _error(label, "has no function may_subscribe(user_id, keys) that returns keys", "E122")
    elif not _takes(kind.may_subscribe, 2):
        yield _error(label, "has a function may_subscribe that does not take (user_id, keys)", "E122")
    if kind.readers is not None and not _takes(kind.readers, 2):
        yield _error(label, "has a function readers that does not take (key, user_ids)", "E122")
    if isinstance(kind.ephemeral, str) or not all(
        isinstance(type, str) and 0 < len(type) <= 64 for type in kind.ephemeral
    ):
        yield _error(label, "has `ephemeral` that is not a set of types, each a text of up to 64 characters", "E123")
    if kind.rate is not None and (kind.rate.events < 1 or kind.rate.seconds <= 0):
        yield _error(label, "has a rate that allows no event: set at least 1 event in more than 0 seconds", "E124")
    if kind.retention is not None and (kind.retention.events < 0 or kind.retention.seconds < 0):
        yield _error(label, "has a negative retention", "E125")


def _takes(function: Any, count: int) -> bool:
    """Returns whether the function can be called with so many arguments, or does not tell its signature."""
    if not callable(function):
        return False
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        pass
    return True


def _check_live(live: Live) -> list[checks.CheckMessage]:
    label, model = _label(live), live.model
    if not (isinstance(model, type) and issubclass(model, models.Model)):
        return [_error(label, "names no model", "E101")]
    found: list[checks.CheckMessage] = []
    if not _has_column(model, live.stream.path):
        found.append(_error(label, f"has no column {live.stream.path!r} to name its stream by", "E104"))
    if live.fields is not None and live.ignore:
        found.append(_error(label, "has both `fields` and `ignore`: keep one of them", "E129"))
    if unknown := sorted({*(live.fields or ()), *live.ignore} - _names_of(model)):
        found.append(_error(label, f"names fields that its model does not have: {', '.join(unknown)}", "E129"))
    if model._meta.proxy:
        found.append(_error(label, f"is a proxy: declare {_name(model._meta.concrete_model)}", "E107"))
    if live.is_rate_limited and live.stream.kind.rate is None:
        found.append(
            _error(label, f"is rate-limited, but its kind, at {live.stream.kind.declared_at}, has no rate", "E126")
        )
    return found + _check_database(model, label) + _check_serializer(live, label)


def _check_touch(touch: Touch) -> list[checks.CheckMessage]:
    label = _label(touch)
    try:
        parent = touch.parent_model
    except FieldDoesNotExist:
        return [_error(label, "has a parent that is no foreign key", "E111")]
    found = _check_database(touch.model, label)
    if not registry.lives_of(parent):
        found.append(_error(label, f"is a part of {parent.__name__}, which is not live", "E112"))
    return found


def _check_fact(fact: Fact) -> list[checks.CheckMessage]:
    return _check_serializer(fact, _label(fact))


def _check_names(lives: list[Live], facts: list[Fact]) -> Iterator[checks.CheckMessage]:
    """Refuses wrong event types, and one type with two shapes: a client tells events apart by their type alone."""
    shapes: dict[tuple[StreamKind, str], tuple[Any, str]] = {}
    for declaration, type, shape, kind in _named_types(lives, facts):
        label = _label(declaration)
        if not (isinstance(type, str) and len(type) <= 64 and _TYPE.fullmatch(type)):
            yield _error(label, f"has an event type {type!r}; write it as noun.verb, such as message.edited", "E127")
        known, where = shapes.setdefault((kind, type), (shape, declaration.declared_at))
        if known is not shape:
            yield _error(label, f"gives {type!r} another shape than the declaration at {where}", "E128")


def _named_types(lives: list[Live], facts: list[Fact]) -> Iterator[tuple[Any, Any, Any, StreamKind]]:
    """Yields (declaration, event type, serializer of its data, kind of stream)."""
    for live in lives:
        for type, is_key in live.types.items():
            yield live, type, live.key_schema if is_key else live.serializer, live.stream.kind
    for fact in facts:
        yield fact, fact.type, fact.serializer, fact.kind


def _check_database(model: type[models.Model], label: str) -> list[checks.CheckMessage]:
    """Refuses a model of another database than the log's: events are written in the transaction of the rows."""
    alias, log = router.db_for_write(model), log_alias()
    if is_same_database(alias, log):
        return []
    text = f"is written to the database {alias!r}, but the event log is in {log!r}, and one transaction writes both"
    return [_error(label, text, "E115")]


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


def _check_serializer(live: Live | Fact, label: str) -> list[checks.CheckMessage]:
    """Refuses a serializer that needs a request: recording has none, so the first write would fail."""
    try:
        linked = list(_linked_fields(live.serializer()))
    except Exception as error:
        return [_error(label, f"has a serializer that cannot be used without a request: {error!r}", "E105")]
    return [
        _error(label, f"has a serializer whose field {name!r} builds a URL, which needs a request", "E105")
        for name in linked
    ]


def _linked_fields(serializer: Any) -> Iterator[str]:
    """Yields the names of the hyperlinked fields of a serializer, and of those nested in it."""
    for name, field in getattr(serializer, "fields", {}).items():
        inner = getattr(field, "child_relation", None) or getattr(field, "child", None) or field
        if isinstance(inner, HyperlinkedRelatedField):
            yield name
        yield from _linked_fields(inner)


def _label(declaration: Any) -> str:
    """Returns a declaration's place and short form, such as `polls/live.py:12: Live(Poll, stream='poll')`."""
    match declaration:
        case Live():
            kind = getattr(getattr(declaration.stream, "kind", None), "name", None)
            text = f"Live({_name(declaration.model)}, stream={kind!r})"
        case Touch():
            text = f"Touch({_name(declaration.model)}, parent={declaration.parent!r})"
        case Fact():
            text = f"Fact({declaration.type!r})"
        case _:
            return repr(declaration)
    return f"{declaration.declared_at}: {text}"


def _name(model: Any) -> str:
    return getattr(model, "__name__", repr(model))


def _error(label: str, text: str, id: str) -> checks.Error:
    return checks.Error(f"{label} {text}", hint="See tidewire/declare/live.py.", id=f"tidewire.{id}")
