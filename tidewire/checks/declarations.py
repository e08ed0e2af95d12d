"""Start-up checks: a wrong declaration or setting is refused by name, with a hint."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from rest_framework.relations import HyperlinkedRelatedField

from tidewire.declare.kinds import StreamKind
from tidewire.declare.live import Fact, Live, Touch
from tidewire.declare.registry import registry
from tidewire.ground import streams
from tidewire.ground.conf import DEFAULTS, conf

_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
SUPPORTED = ("django.db.backends.sqlite3", "django.db.backends.postgresql")


@checks.register("tidewire")
def check_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    unknown = sorted(set(getattr(settings, "TIDEWIRE", {})) - set(DEFAULTS))
    found = [
        checks.Error(
            f"TIDEWIRE has an unknown setting {name!r}", hint=f"Known: {', '.join(DEFAULTS)}.", id="tidewire.E001"
        )
        for name in unknown
    ]
    if not conf.AUTHENTICATE:
        found.append(
            checks.Error(
                "TIDEWIRE['AUTHENTICATE'] is not set",
                hint="Name a function (credential: str) -> tidewire.ground.credentials.Identity.",
                id="tidewire.E002",
            )
        )
    if settings.DATABASES["default"]["ENGINE"] not in SUPPORTED:
        found.append(
            checks.Error(
                "the event log needs PostgreSQL or SQLite",
                hint="Streams are locked and numbered by INSERT … ON CONFLICT … RETURNING.",
                id="tidewire.E003",
            )
        )
    return found


@checks.register("tidewire")
def check_declarations(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    found = [problem for declaration in registry.misplaced for problem in _check_misplaced(declaration)]
    found += [problem for kind in registry.kinds.values() for problem in _check_kind(kind)]
    found += [problem for live in registry.lives for problem in _check_live(live)]
    found += [problem for touch in registry.touches for problem in _check_touch(touch)]
    found += [problem for fact in registry.facts for problem in _check_fact(fact)]
    return found + list(_check_names(registry.lives, registry.facts))


def _check_misplaced(declaration: Any) -> Iterator[checks.CheckMessage]:
    """What the registry could not keep."""
    label = _label(declaration)
    if not isinstance(declaration, Live | Fact):
        yield _error(label, "is no declaration: register takes Live, Touch and Fact", "E120")
        return
    kind = declaration.kind if isinstance(declaration, Fact) else getattr(declaration.stream, "kind", None)
    if isinstance(kind, StreamKind):
        other = registry.kinds[kind.name].declared_at
        yield _error(label, f"uses a second stream kind named {kind.name!r}; the first is at {other}", "E113")
    else:
        yield _error(label, 'names no stream: say stream=kind.of("column"), or kind=kind for a Fact', "E114")


def _check_kind(kind: StreamKind) -> Iterator[checks.CheckMessage]:
    label = f"{kind.declared_at}: StreamKind({kind.name!r})"
    if streams.parse(f"{kind.name}:0") is None:
        yield _error(label, "has no good name: up to 24 of a-z, 0-9 and _, a letter first", "E121")
    if not callable(kind.may_subscribe):
        yield _error(label, "does not say who may subscribe: may_subscribe(user_id, keys) -> keys", "E122")
    elif not _takes(kind.may_subscribe, 2):
        yield _error(label, "has a may_subscribe that does not take (user_id, keys)", "E122")
    if kind.readers is not None and not _takes(kind.readers, 2):
        yield _error(label, "has readers that do not take (key, user_ids)", "E122")
    if isinstance(kind.ephemeral, str) or not all(
        isinstance(type, str) and 0 < len(type) <= 64 for type in kind.ephemeral
    ):
        yield _error(label, "has `ephemeral` types that are not a set of names", "E123")
    if kind.rate is not None and (kind.rate.events < 1 or kind.rate.seconds <= 0):
        yield _error(label, "has a pace that never tells anything", "E124")
    if kind.retention is not None and (kind.retention.events < 0 or kind.retention.seconds < 0):
        yield _error(label, "has a retention below nothing", "E125")


def _takes(function: Any, count: int) -> bool:
    """Whether it can be called with so many arguments. What cannot be asked is believed."""
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
    from tidewire.capture.models import LiveModel  # models are loaded by now

    label, model = _label(live), live.model
    if not (isinstance(model, type) and issubclass(model, models.Model)):
        return [_error(label, "names no model", "E101")]
    found = []
    if not issubclass(model, LiveModel):
        found.append(_error(label, "is not a LiveModel: writes that send no signal would be missed", "E101"))
    if (model._meta.parents and not model._meta.proxy) or _children(model):
        found.append(_error(label, "takes part in multi-table inheritance, where signals name only one table", "E102"))
    if live.stream.attname not in {field.attname for field in model._meta.concrete_fields}:
        found.append(_error(label, f"has no column {live.stream.attname!r} to name its stream by", "E104"))
    if model._meta.proxy:
        found.append(_error(label, f"is a proxy: declare {model._meta.concrete_model.__name__}", "E107"))
    if live.is_rate_limited and live.stream.kind.rate is None:
        found.append(_error(label, f"is paced, but its kind, at {live.stream.kind.declared_at}, has no pace", "E126"))
    return found + _check_managers(model, label) + _check_serializer(live, label)


def _check_touch(touch: Touch) -> list[checks.CheckMessage]:
    label = _label(touch)
    try:
        parent = touch.parent_model
    except FieldDoesNotExist:
        parent = None
    if parent is None:
        return [_error(label, "names no foreign key", "E111")]
    found = _check_managers(touch.model, label)
    if not registry.lives_of(parent):
        found.append(_error(label, f"is part of {parent.__name__}, which is not live", "E112"))
    return found


def _check_fact(fact: Fact) -> list[checks.CheckMessage]:
    return _check_serializer(fact, _label(fact))


def _check_names(lives: list[Live], facts: list[Fact]) -> Iterator[checks.CheckMessage]:
    """A client tells events apart by their type alone: one name, one shape."""
    shapes: dict[tuple[StreamKind, str], tuple[Any, str]] = {}
    for declaration, type, shape, kind in _named_types(lives, facts):
        label = _label(declaration)
        if not (isinstance(type, str) and len(type) <= 64 and _TYPE.fullmatch(type)):
            yield _error(label, f"has an event type {type!r}; write it as noun.verb, such as message.edited", "E127")
        known, where = shapes.setdefault((kind, type), (shape, declaration.declared_at))
        if known is not shape:
            yield _error(label, f"gives {type!r} another shape than the declaration at {where}", "E128")


def _named_types(lives: list[Live], facts: list[Fact]) -> Iterator[tuple[Any, Any, Any, StreamKind]]:
    for live in lives:
        for type, is_key in live.types.items():
            yield live, type, live.key_schema if is_key else live.serializer, live.stream.kind
    for fact in facts:
        yield fact, fact.type, fact.serializer, fact.kind


def _check_managers(model: type, label: str) -> list[checks.CheckMessage]:
    """All roads to the rows note what they write."""
    found = []
    if not _is_live(model._base_manager):
        found.append(_error(label, "has a base manager that would miss the cascades that set NULL", "E103"))
    silent = [manager.name for manager in model._meta.managers if not _is_live(manager)]
    if silent:
        found.append(_error(label, f"has managers that are not made from LiveQuerySet: {', '.join(silent)}", "E106"))
    return found


def _is_live(manager: models.Manager) -> bool:
    from tidewire.capture.querysets import LiveQuerySet  # as above

    return issubclass(manager._queryset_class, LiveQuerySet)


def _check_serializer(live: Live | Fact, label: str) -> list[checks.CheckMessage]:
    """Recording has no request. Whoever needs one would fail with the first write."""
    try:
        linked = list(_linked_fields(live.serializer()))
    except Exception as error:
        return [_error(label, f"has a serializer that does not work on its own: {error!r}", "E105")]
    return [
        _error(label, f"has a serializer whose field {name!r} builds an address, which takes a request", "E105")
        for name in linked
    ]


def _linked_fields(serializer: Any) -> Iterator[str]:
    """Names of the hyperlinked fields of a serializer, and of those nested in it."""
    for name, field in getattr(serializer, "fields", {}).items():
        inner = getattr(field, "child_relation", None) or getattr(field, "child", None) or field
        if isinstance(inner, HyperlinkedRelatedField):
            yield name
        yield from _linked_fields(inner)


def _children(model: type) -> list[type]:
    return [m for m in apps.get_models() if model in m._meta.parents and not m._meta.proxy]


def _label(declaration: Any) -> str:
    """`polls/live.py:12: Live(Poll, stream='poll')`"""
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
