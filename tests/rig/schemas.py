"""Pushed events against the committed OpenAPI document."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

OPENAPI = Path(__file__).resolve().parents[2] / "openapi.yaml"
Json = dict[str, Any]


@cache
def _document() -> Json:
    return yaml.safe_load(OPENAPI.read_text())


@cache
def _event_schemas() -> dict[str, str]:
    """The component schema of each event type: the one whose `type` is that constant."""
    found = {}
    for name, schema in _document()["components"]["schemas"].items():
        constant = schema.get("properties", {}).get("type", {}).get("const")
        if constant is not None:
            found[constant] = name
    return found


@cache
def _validator(type: str) -> jsonschema.Draft202012Validator:
    schema = {
        "$ref": f"#/components/schemas/{_event_schemas()[type]}",
        "components": _document()["components"],
    }
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def validate_event(event: Json) -> None:
    """Raise unless the event has a schema of its own in openapi.yaml and agrees with it."""
    assert event.get("type") in _event_schemas(), f"openapi.yaml describes no event of type {event.get('type')!r}"
    _validator(event["type"]).validate(event)
