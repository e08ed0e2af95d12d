"""The `x-tidewire-live` extension: the stream of a list or a detail, and the events that keep it true."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.serializers import BaseSerializer

from api.schema.events import documented_serializer
from api.schema.where import filter_fields, path_fields
from tidewire import Live, Registry


def live_resource(view: Any, path: str, registry: Registry) -> dict[str, Any] | None:
    """Returns the descriptor of the list or detail at `path`: its stream, the events that change it, its key, its
    order, and which rows of the stream belong to it.

    Returns None when no stream promises it.
    """
    params = re.findall(r"{(\w+)}", path)
    model = _model_of(view.serializer_class)
    for live in registry.lives:
        column, kind = live.stream.attname, live.stream.kind.name
        if model is None or _model_of(documented_serializer(live, is_key=False)) is not model:
            continue
        if column in params:
            channel = f"{kind}:{{{column}}}"
        elif column == "id" and view.action == "retrieve" and params:
            channel = f"{kind}:{{{params[-1]}}}"
        elif not params and (live.model is not model or column != "id"):  # the caller's own: their stream promises it
            channel = f"{kind}:{{{column}}}"
        else:
            continue
        return _descriptor(view, live, channel, path, registry)
    return None


def _model_of(serializer: type) -> type | None:
    return getattr(getattr(serializer, "Meta", None), "model", None)


def _descriptor(view: Any, live: Live[Any], channel: str, path: str, registry: Registry) -> dict[str, Any] | None:
    """Returns None for a list whose path chooses rows by what they do not show: no client could keep it."""
    touched = [touch for touch in registry.touches if touch.parent_model is live.model]
    of_parts = [type for touch in touched for type in (touch.created, touch.updated, touch.deleted)]
    descriptor: dict[str, Any] = {
        "channel": channel,
        "upsert": [type for type in (live.created, live.updated, *live.intents, *of_parts) if type],
        "remove": [live.deleted] if live.deleted else [],
        "key": _key_pointer(live.key_schema) if live.key_schema else "id",
    }
    if view.action == "list":
        names = [view.order_field, *(["id"] if "id" in view.serializer_class.Meta.fields else [])]
        descriptor["order"] = [f"-{name}" if view.is_newest_first else name for name in names]
        row = documented_serializer(live, is_key=False)
        where = path_fields([name for name in re.findall(r"{(\w+)}", path) if f"{{{name}}}" not in channel], row)
        if where is None:
            return None
        descriptor |= {
            "where": where,
            "filters": filter_fields(view, row),
            "max_limit": view.pagination_class.max_limit,
        }
    return descriptor


def _key_pointer(key_schema: type) -> str:
    """Returns the path of an object's key in the event's data: `id`, or `user.id` for a row that shows no id."""
    fields = key_schema().fields
    name = "id" if "id" in fields else next(iter(fields))
    return f"{name}.id" if isinstance(fields[name], BaseSerializer) else name
