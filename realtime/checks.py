"""Start-up checks: a wrong declaration or setting is refused by name, with a hint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from rest_framework.relations import HyperlinkedRelatedField

from realtime.conf import DEFAULTS, conf
from realtime.live import Live, Touch, registry

SUPPORTED = ("django.db.backends.sqlite3", "django.db.backends.postgresql")


@checks.register("realtime")
def check_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    unknown = sorted(set(getattr(settings, "TIDEWIRE", {})) - set(DEFAULTS))
    found = [
        checks.Error(
            f"TIDEWIRE has an unknown setting {name!r}", hint=f"Known: {', '.join(DEFAULTS)}.", id="realtime.E001"
        )
        for name in unknown
    ]
    if not conf.AUTHENTICATE:
        found.append(
            checks.Error(
                "TIDEWIRE['AUTHENTICATE'] is not set",
                hint="Name a function (credential: str) -> realtime.tokens.Identity.",
                id="realtime.E002",
            )
        )
    if settings.DATABASES["default"]["ENGINE"] not in SUPPORTED:
        found.append(
            checks.Error(
                "the event log needs PostgreSQL or SQLite",
                hint="Streams are locked and numbered by INSERT … ON CONFLICT … RETURNING.",
                id="realtime.E003",
            )
        )
    return found


@checks.register("realtime")
def check_declarations(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    found = [problem for live in registry.lives for problem in _check_live(live)]
    return found + [problem for touch in registry.touches for problem in _check_touch(touch)]


def _check_live(live: Live) -> list[checks.CheckMessage]:
    from realtime.models import LiveModel  # models are loaded by now

    label, model = f"Live({live.model.__name__}, stream={live.stream.kind.name!r})", live.model
    found = []
    if not issubclass(model, LiveModel):
        found.append(_error(label, "is not a LiveModel: writes that send no signal would be missed", "E101"))
    if (model._meta.parents and not model._meta.proxy) or _children(model):
        found.append(_error(label, "takes part in multi-table inheritance, where signals name only one table", "E102"))
    if live.stream.attname not in {field.attname for field in model._meta.concrete_fields}:
        found.append(_error(label, f"has no column {live.stream.attname!r} to name its stream by", "E104"))
    if model._meta.proxy:
        found.append(_error(label, f"is a proxy: declare {model._meta.concrete_model.__name__}", "E107"))
    return found + _check_managers(model, label) + _check_serializer(live, label)


def _check_touch(touch: Touch) -> list[checks.CheckMessage]:
    label = f"Touch({touch.model.__name__}, parent={touch.parent!r})"
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
    from realtime.querysets import LiveQuerySet  # as above

    return issubclass(manager._queryset_class, LiveQuerySet)


def _check_serializer(live: Live, label: str) -> list[checks.CheckMessage]:
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


def _error(label: str, text: str, id: str) -> checks.Error:
    return checks.Error(f"{label} {text}", hint="See realtime/live.py.", id=f"realtime.{id}")
