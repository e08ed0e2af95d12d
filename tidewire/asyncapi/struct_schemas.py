"""JSON schemas of the protocol's types, in the form that the documents use."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Struct, UnsetType

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def of_sent(types: Iterable[type[Struct]]) -> dict[str, Schema]:
    """Returns {name: schema} of types that the server sends: the fields that are always written are required."""
    return {type.__name__: _schema(type, _written(type)) for type in types}


def of_received(types: Iterable[type[Struct]]) -> dict[str, Schema]:
    """Returns {name: schema} of types that the server receives: the fields without a default are required."""
    return {type.__name__: _schema(type, _expected(type)) for type in types}


def _written(type: type[Struct]) -> list[str]:
    hints, omits_defaults = get_type_hints(type), type.__struct_config__.omit_defaults
    return [
        field.encode_name
        for field in msgspec.structs.fields(type)
        if UnsetType not in get_args(hints[field.name]) and (field.required or not omits_defaults)
    ]


def _expected(type: type[Struct]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(type) if field.required]


def _schema(type: type[Struct], required: list[str]) -> Schema:
    """The first paragraph of the type's docstring is its description. Types that it uses are referred to by name."""
    _, components = msgspec.json.schema_components([type], ref_template=ref("{name}")["$ref"])
    properties = _in_our_form(components[type.__name__]["properties"])
    paragraph = inspect.cleandoc(type.__doc__ or "").split("\n\n")[0]
    schema: Schema = {"type": "object", "description": " ".join(paragraph.split())}
    if required:
        schema["required"] = required
    if properties:
        schema["properties"] = properties
    return schema


def _in_our_form(node: Any) -> Any:
    """Removes defaults, makes `null` one of the types, and moves what stands beside a reference around it, because
    readers of older drafts ignore it there."""
    if not isinstance(node, dict):
        return [_in_our_form(item) for item in node] if isinstance(node, list) else node
    schema = {key: _in_our_form(value) for key, value in node.items() if key != "default"}
    if "$ref" in schema and len(schema) > 1:
        return {"allOf": [{"$ref": schema.pop("$ref")}], **schema}
    if [choice.get("type") for choice in schema.get("anyOf", [])][1:] == ["null"]:
        solid = schema.pop("anyOf")[0]
        schema |= solid | {"type": [solid["type"], "null"]}
    return {"type": schema["type"], **schema} if "type" in schema else schema
