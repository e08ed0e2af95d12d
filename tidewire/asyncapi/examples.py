"""Examples for JSON schemas: plausible, valid, and the same in every run, so that generated files do not change."""

from __future__ import annotations

import zlib
from typing import Any

Schema = dict[str, Any]

_BY_FORMAT = {
    "date-time": "2026-01-02T15:04:05.678901Z",
    "date": "2026-01-02",
    "email": "alice@example.com",
    "uri": "https://example.com/",
}
_BY_NAME = {
    "name": "Alice",
    "text": "Good morning!",
    "emoji": "👍",
    "unit": "°C",
    "key": "temperature",
    "highlight": "Good <mark>morning</mark>!",
}
_BY_TYPE = {"integer": 3, "number": 21.5, "boolean": True, "null": None}


def example(schema: Schema, schemas: dict[str, Schema], name: str = "") -> Any:
    """Returns a value that is valid under `schema`. `$ref`s lead into `schemas`; `name` is the property it is for."""
    schema = resolved(schema, schemas)
    for keyword in ("const", "example", "default"):
        if keyword in schema:
            return schema[keyword]
    if schema.get("examples") or schema.get("enum"):
        return (schema.get("examples") or schema["enum"])[0]
    kind = type_of(schema)
    if kind == "object" or "properties" in schema:
        return {key: example(value, schemas, key) for key, value in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema.get("items", {}), schemas, name.removesuffix("s"))]
    if kind == "string":
        return _text(schema, name)
    return max(_BY_TYPE[kind], schema.get("minimum", 0)) if kind in ("integer", "number") else _BY_TYPE.get(kind, {})


def resolved(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    """Returns the schema behind references, and of alternatives the first."""
    while "$ref" in schema or "allOf" in schema or "oneOf" in schema:
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
        else:
            schema = (schema.get("allOf") or schema["oneOf"])[0]
    return schema


def type_of(schema: Schema) -> str:
    """Returns the type, and of several the first, as null stands last."""
    kind = schema.get("type", "")
    return kind if isinstance(kind, str) else kind[0]


def uuid(name: str) -> str:
    """Returns an id for a property name. Each name has its own, so that a reader can tell them apart."""
    return f"0197a3b2-6c00-7d54-9e1f-0c5a{zlib.crc32(name.encode()):08x}"


def _text(schema: Schema, name: str) -> str:
    if schema.get("format") == "uuid":
        return uuid(name)
    text = _BY_FORMAT.get(schema.get("format", "")) or _BY_NAME.get(name) or name.replace("_", " ") or "text"
    return text[: schema.get("maxLength", len(text))]
