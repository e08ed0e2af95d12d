"""A JSON schema as the rows of a table: one row for each property, with its path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """`path` is such as "author.name" or "users[]"; `notes` are further constraints on the value."""

    path: str
    type: str
    is_required: bool
    notes: list[str]
    description: str


def rows(schema: Schema, schemas: dict[str, Schema], path: str = "") -> Iterator[Row]:
    """Yields the properties of an object, depth first. Alternatives of several schemas are named, and not expanded."""
    schema, _ = _followed(schema, schemas)
    required = schema.get("required", [])
    for name, value in schema.get("properties", {}).items():
        inner, label = _followed(value, schemas)
        here = f"{path}{name}"
        yield Row(here, label, name in required, _notes(inner), _description(value, inner))
        yield from _inside(inner, schemas, here)


def _inside(schema: Schema, schemas: dict[str, Schema], path: str) -> Iterator[Row]:
    if "items" in schema:
        inner, _ = _followed(schema["items"], schemas)
        yield from _inside(inner, schemas, f"{path}[]")
    elif isinstance(schema.get("additionalProperties"), dict):
        yield from rows(schema["additionalProperties"], schemas, f"{path}.*.")
    else:
        yield from rows(schema, schemas, f"{path}.")


def _followed(schema: Schema, schemas: dict[str, Schema]) -> tuple[Schema, str]:
    """Returns the schema behind references and behind an alternative with null, and the words for its type."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        inner, label = _followed(schemas[name], schemas)
        return inner, f"{name}" if "oneOf" in schemas[name] else label
    if "allOf" in schema:
        return _followed(schema["allOf"][0], schemas)
    choices = schema.get("oneOf", [])
    solid = [choice for choice in choices if choice.get("type") != "null"]
    if len(solid) == 1:
        inner, label = _followed(solid[0], schemas)
        return inner, f"{label} or null" if len(choices) > 1 else label
    if choices:
        return {}, " or ".join(_followed(choice, schemas)[1] for choice in solid[:3])
    return schema, _label(schema, schemas)


def _label(schema: Schema, schemas: dict[str, Schema]) -> str:
    kind = schema.get("type", "string" if "enum" in schema else "any")
    if kind == "array":
        return f"array of {_followed(schema.get('items', {}), schemas)[1]}"
    return kind if isinstance(kind, str) else " or ".join(kind)


def _notes(schema: Schema) -> list[str]:
    notes = [f"= {schema['const']}"] if "const" in schema else []
    notes += [" | ".join(str(value) for value in schema["enum"])] if "enum" in schema else []
    notes += [schema["format"]] if "format" in schema else []
    limits = {"minimum": "≥", "maximum": "≤", "minLength": "length ≥", "maxLength": "length ≤", "maxItems": "items ≤"}
    return notes + [f"{sign} {schema[keyword]}" for keyword, sign in limits.items() if keyword in schema]


def _description(value: Schema, inner: Schema) -> str:
    """Leaves out drf-spectacular's lists of an enum's values, as the notes have them already."""
    text = value.get("description", "") or inner.get("description", "")
    return "" if text.startswith("* `") else text
