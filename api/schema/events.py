"""A component of openapi.yaml for every event type, from the declarations of what is live."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, cast

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework.views import APIView

from tidewire import Live, registry
from tidewire.asyncapi.event_schemas import ACTOR, component_name, event_schema


def add_events(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """Adds a component per declared event type, and `AnyEvent`, which a client can narrow by `type`.

    Later hooks edit the document, so constants are copied into it.
    """
    mapper = AutoSchema()
    mapper.registry, mapper.view, mapper.method, mapper.path = generator.registry, APIView(request=None), "GET", ""
    events = {
        type: event_schema(type, mapper.resolve_serializer(documented_serializer(live, is_key), "response").ref)
        for live in registry.lives
        for type, is_key in event_types(live).items()
    }
    events |= {
        fact.type: event_schema(fact.type, mapper.resolve_serializer(cast(Any, fact.serializer), "response").ref)
        for fact in registry.facts
    }
    refs = {type: f"#/components/schemas/{component_name(type)}" for type in sorted(events)}
    union: dict[str, Any] = {"oneOf": [{"$ref": ref} for ref in refs.values()]}
    union["discriminator"] = {"propertyName": "type", "mapping": refs}
    for name, schema in {"Actor": deepcopy(ACTOR), **_named(events), "AnyEvent": union}.items():
        component = ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, schema=schema, object=name)
        generator.registry.register(component)
    result["components"] = generator.registry.build({})
    return result


def event_types(live: Live[Any]) -> dict[str, bool]:
    """Returns {type: whether its data is the key only} for all events of this declaration and of its touches."""
    parts = [touch for touch in registry.touches if touch.parent_model is live.model]
    touching = [type for part in parts for type in (part.created, part.updated, part.deleted) if type]
    return live.types | dict.fromkeys(touching, False)


def _named(events: dict[str, Any]) -> dict[str, Any]:
    return {component_name(type): schema for type, schema in events.items()}


def documented_serializer(live: Live[Any], is_key: bool) -> Any:
    """Returns the serializer that documents the data of an event, or of a deletion event."""
    if is_key:
        return live.key_schema
    return getattr(live.serializer, "documented_as", live.serializer)
