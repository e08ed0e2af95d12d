"""Start-up checks: a wrong declaration or setting is refused by name, with a hint."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.exceptions import FieldDoesNotExist

from realtime.conf import DEFAULTS, conf
from realtime.live import Live, registry

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
    return [problem for live in registry.lives for problem in _check_live(live)]


def _check_live(live: Live) -> list[checks.CheckMessage]:
    from realtime.models import LiveModel  # models are loaded by now

    label = f"Live({live.model.__name__}, stream={live.stream.kind.name!r})"
    found = []
    if not issubclass(live.model, LiveModel):
        found.append(_error(label, "is not a LiveModel: writes that send no signal would be missed", "E101"))
    if live.model._meta.parents or _children(live.model):
        found.append(_error(label, "takes part in multi-table inheritance, where signals name only one table", "E102"))
    if live.model._meta.base_manager_name != "objects":
        found.append(_error(label, "must inherit LiveModel.Meta, or cascades that set NULL would be missed", "E103"))
    try:
        live.model._meta.get_field(live.stream.attname.removesuffix("_id"))
    except FieldDoesNotExist:
        found.append(_error(label, f"has no column {live.stream.attname!r} to name its stream by", "E104"))
    return found + _check_serializer(live, label)


def _check_serializer(live: Live, label: str) -> list[checks.CheckMessage]:
    try:
        live.serializer(live.model())  # what needs a request in its context fails when it binds its fields
        _ = live.serializer(live.model()).fields
    except Exception as error:
        return [_error(label, f"has a serializer that does not work on its own: {error!r}", "E105")]
    return []


def _children(model: type) -> list[type]:
    return [m for m in apps.get_models() if model in m._meta.parents]


def _error(label: str, text: str, id: str) -> checks.Error:
    return checks.Error(f"{label} {text}", hint="See realtime/live.py.", id=f"realtime.{id}")
