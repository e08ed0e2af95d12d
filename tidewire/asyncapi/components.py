"""The schemas under `components` of the document, and the references to them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from tidewire.asyncapi.event_schemas import ACTOR, component_name
from tidewire.asyncapi.struct_schemas import Schema, of_received, of_sent, ref
from tidewire.protocol.pushes import PUSHES, ClientInfo, PublicationTags
from tidewire.protocol.requests import StreamPosition, request_types
from tidewire.protocol.results import RESULTS, Error


class Components:
    """Collects schemas: of the protocol's types at once, of serializers and events as they are asked for."""

    def __init__(self) -> None:
        self._mapper: Any = AutoSchema()  # drf-spectacular sets these attributes while it walks the URLs
        self._mapper.registry, self._mapper.view = ComponentRegistry(), APIView(request=None)
        self._mapper.method, self._mapper.path = "GET", ""
        requests = request_types()
        self._own: dict[str, Schema] = {
            "Actor": ACTOR,
            **of_received([StreamPosition, *(requests[result.method] for result in RESULTS)]),
            **of_sent([*RESULTS, Error, *PUSHES, PublicationTags, ClientInfo]),
        }
        self._own["Publication"]["properties"]["data"] = {"oneOf": [ref("AnyEvent"), ref("AnyEphemeralMessage")]}

    def of_serializer(self, serializer: type[BaseSerializer]) -> Schema:
        """Returns a reference to the serializer's schema, which is the one of OpenAPI."""
        serializer = getattr(serializer, "documented_as", serializer)
        return dict(self._mapper.resolve_serializer(serializer, "response").ref)

    def add(self, kind: str, type: str, suffix: str, schema: Schema) -> tuple[str, Schema]:
        """Adds the schema of a message of a stream kind. Returns the message's name and a reference.

        The name is the type. Where two kinds have different messages of one type, the kind's name stands before it.
        """
        is_shared = self._own.setdefault(component_name(type, suffix), schema) == schema
        name = type if is_shared else f"{kind}.{type}"
        self._own[component_name(name, suffix)] = schema
        return name, ref(component_name(name, suffix))

    def add_union(self, name: str, parts: dict[str, Schema]) -> None:
        """Adds a schema that any of the parts satisfies, and nothing where there are none."""
        self._own[name] = {"oneOf": list(parts.values())} if parts else {"not": {}}

    def all(self) -> dict[str, Schema]:
        mapped = self._mapper.registry.build({}).get("schemas", {})
        return {name: _plain(schema) for name, schema in sorted((mapped | self._own).items())}


def _plain(node: Any) -> Any:
    """Removes what only OpenAPI understands: `readOnly`, and the wrapping of references that had something beside
    them. Sorts the names of required fields, as drf-spectacular does."""
    if not isinstance(node, dict):
        return [_plain(item) for item in node] if isinstance(node, list) else node
    node = {key: _plain(value) for key, value in node.items() if key != "readOnly"}
    if isinstance(node.get("required"), list):
        node["required"].sort()
    wrapped = node.get("allOf", [])
    return wrapped[0] if len(node) == len(wrapped) == 1 else node
