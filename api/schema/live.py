"""The `x-tidewire-live` extension: the stream of a list or a detail, and the events that keep it true."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.serializers import BaseSerializer

from api.schema.events import documented_serializer
from tidewire import Live, Registry


def live_resource(view: Any, path: str, registry: Registry) -> dict[str, Any] | None:
    """Returns the descriptor of the list or detail at `path`: its stream, the events that change it, its key and order.

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
        elif not params and live.model is not model:  # the caller's own: the stream of the user promises the set
            channel = f"{kind}:{{{column}}}"
        else:
            continue
        return _descriptor(view, live, channel, registry)
    return None


def _model_of(serializer: type) -> type | None:
    return getattr(getattr(serializer, "Meta", None), "model", None)


def _descriptor(view: Any, live: Live[Any], channel: str, registry: Registry) -> dict[str, Any]:
    touched = [touch for touch in registry.touches if touch.parent_model is live.model]
    of_parts = [type for touch in touched for type in (touch.created, touch.updated, touch.deleted)]
    descriptor = {
        "channel": channel,
        "upsert": [type for type in (live.created, live.updated, *live.intents, *of_parts) if type],
        "remove": [live.deleted] if live.deleted else [],
        "key": _key_pointer(live.key_schema) if live.key_schema else "id",
    }
    if view.action == "list":
        names = [view.order_field, *(["id"] if "id" in view.serializer_class.Meta.fields else [])]
        descriptor["order"] = [f"-{name}" if view.is_newest_first else name for name in names]
    return descriptor


def _key_pointer(key_schema: type) -> str:
    """Returns the path of an object's key in the event's data: `id`, or `user.id` for a row that shows no id."""
    fields = key_schema().fields
    name = "id" if "id" in fields else next(iter(fields))
    return f"{name}.id" if isinstance(fields[name], BaseSerializer) else name
