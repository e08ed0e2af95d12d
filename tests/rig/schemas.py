"""Checks pushed events and answers against the committed OpenAPI document."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import yaml

OPENAPI = Path(__file__).resolve().parents[2] / "openapi.yaml"
Json = dict[str, Any]

CHECKED_ANSWERS = 25
"""How many answers of each kind are checked. Some tests write thousands, and measure how long that takes."""
_checked: Counter[tuple[str, str, int]] = Counter()


@cache
def _document() -> Json:
    return yaml.safe_load(OPENAPI.read_text())


@cache
def _event_schemas() -> dict[str, str]:
    """Returns {event type: name of the component schema whose `type` is that constant}."""
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
    """Raises unless the event has a schema in openapi.yaml and agrees with it."""
    assert event.get("type") in _event_schemas(), f"openapi.yaml describes no event of type {event.get('type')!r}"
    _validator(event["type"]).validate(event)


# -- answers -----------------------------------------------------------------------------------------------------------


def validate_answer(response: httpx.Response) -> None:
    """Raises unless openapi.yaml describes this answer: status, media type and body. Ignores other addresses."""
    method, path = response.request.method.lower(), response.request.url.path
    for template, pattern in _paths():
        kind = (method, template, response.status_code)
        if pattern.fullmatch(path) and _checked[kind] < CHECKED_ANSWERS:
            _checked[kind] += 1
            _validate_body(response, _described(method, template, response.status_code))
            return


@cache
def _paths() -> list[tuple[str, re.Pattern[str]]]:
    return [(path, re.compile(re.sub(r"\{\w+\}", "[^/]+", path))) for path in _document()["paths"]]


@cache
def _described(method: str, template: str, status: int) -> Json:
    responses = _document()["paths"][template].get(method, {}).get("responses", {})
    described = responses.get(str(status)) or (responses.get("default", _PROBLEM) if status >= 400 else None)
    assert described, f"openapi.yaml describes no {status} of {method} {template}"
    return (
        _document()["components"]["responses"][described["$ref"].rpartition("/")[2]]
        if "$ref" in described
        else described
    )


_PROBLEM = {"$ref": "#/components/responses/Problem"}  # also where a method is not described: 405


def _validate_body(response: httpx.Response, described: Json) -> None:
    content = described.get("content", {})
    if not content:
        assert not response.content, f"openapi.yaml describes no body here: {response.text[:200]}"
        return
    media_type = response.headers["Content-Type"].partition(";")[0]
    assert media_type in content, f"openapi.yaml describes no {media_type} here"
    schema = content[media_type]["schema"] | {"components": _document()["components"]}
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(response.json())
