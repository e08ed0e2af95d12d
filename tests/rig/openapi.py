"""Checks answers and events against the committed openapi.yaml, where clients learn what to expect."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema_rs import Draft202012Validator, ValidationError

from api.rest.problems import PROBLEMS
from tidewire.rest.problems import CONTENT_TYPE, type_of

PATH = Path(__file__).resolve().parents[2] / "openapi.yaml"
PROBLEM = {"$ref": "#/components/responses/Problem"}
Json = dict[str, Any]


class ContractError(AssertionError):
    """The server and openapi.yaml disagree."""


def is_time_in_utc(value: str) -> bool:
    """Whether it is RFC 3339 and ends in Z, so that times can be compared as text."""
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value) is not None


@cache
def document() -> Json:
    return yaml.load(PATH.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def view_operations() -> Iterator[tuple[str, str, Json]]:
    """Yields (path, method, operation) of what Django's views answer."""
    return (each for each in operations() if each[0] not in door_paths())


def door_operations() -> Iterator[tuple[str, str, Json]]:
    """Yields (path, method, operation) of what the doors over HTTP answer, before Django's middleware."""
    return (each for each in operations() if each[0] in door_paths())


def door_paths() -> set[str]:
    """Returns the paths of the doors, as the document writes them."""
    from tidewire.asgi import door_routes  # needs settings, and this module is imported by a plugin of pytest

    return {"/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.address) for route in door_routes("api/v1/")}


def operations() -> Iterator[tuple[str, str, Json]]:
    """Yields (path, method, operation) of all of the document."""
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            yield path, method, operation


def template_of(address: str) -> str | None:
    """Returns the path of the document that fits this address: `/api/v1/rooms/{room_id}/`. None if there is none."""
    return next((template for template, pattern in _patterns() if pattern.fullmatch(address)), None)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    paths = sorted(document()["paths"], key=lambda path: path.count("{"))  # a fixed address comes before a variable one
    return [(path, re.compile(re.sub(r"\{\w+\}", "[^/]+", path))) for path in paths]


def check_answer(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raises ContractError unless openapi.yaml describes this answer: status, headers, media type and all fields.

    `path` is a template of the document. An answer of 400 or more may also be a problem that is described for all
    operations: 405 comes from a method that has no description.
    """
    where = f"{method} {path}"
    responses = document()["paths"].get(path, {}).get(method, {}).get("responses", {"default": PROBLEM})
    described = responses.get(str(status)) or (responses.get("default") if status >= 400 else None)
    if described is None:
        raise ContractError(f"{where}: status {status} is not in openapi.yaml")
    if "$ref" in described:
        described = document()["components"]["responses"][described["$ref"].rpartition("/")[2]]
    _check_headers(described, headers, where)
    if method == "head":
        return  # it has the headers of a body, and none
    if status >= 400 and headers.get("Content-Type") == CONTENT_TYPE:
        check_problem(json.loads(body))
    _check_body(described, headers.get("Content-Type", ""), body, where)


def check_event(event: Json) -> None:
    """Raises ContractError unless the event is exactly what openapi.yaml says about its type."""
    mapping = document()["components"]["schemas"]["AnyEvent"]["discriminator"]["mapping"]
    if event.get("type") not in mapping:
        raise ContractError(f"openapi.yaml describes no event {event.get('type')!r}")
    _check({"$ref": mapping[event["type"]]}, event, f"event {event['type']}")


def check_problem(problem: Json) -> None:
    """Raises ContractError unless the code has a row in the table of problems, with this status, and no member that
    openapi.yaml requires is missing."""
    kind = PROBLEMS.get(problem["code"])
    if kind is None or kind.status != problem["status"] or problem["type"] != type_of(problem["code"]):
        raise ContractError(f"{problem['code']} with {problem['status']} is not in api/rest/problems.py")
    _check({"$ref": "#/components/schemas/Problem"}, problem, f"problem {problem['code']}")


def _check_headers(described: Json, headers: Mapping[str, str], where: str) -> None:
    """A described header may be absent (after a write without an event), but none may be sent without a description."""
    for name in ("ETag", "Tidewire-Position"):
        if name in headers and name not in described.get("headers", {}):
            raise ContractError(f"{where}: the header {name} is not in openapi.yaml")


def _check_body(described: Json, content_type: str, body: bytes, where: str) -> None:
    content = described.get("content")
    if not content:
        if body:
            raise ContractError(f"{where}: openapi.yaml describes no body")
        return
    media_type = content_type.partition(";")[0]
    if media_type not in content:
        raise ContractError(f"{where}: {media_type} is not in openapi.yaml")
    if media_type.endswith("json"):
        _check(content[media_type]["schema"], json.loads(body), where)


def _check(schema: Json, value: Any, where: str) -> None:
    errors = [f"{_place(error)}: {error.message}" for error in _validator(json.dumps(schema)).iter_errors(value)]
    if errors:
        raise ContractError(f"{where}: " + "; ".join(errors))


def _place(error: ValidationError) -> str:
    """Returns the JSONPath of the wrong value: `$.results[0].id`."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path)


@cache
def _validator(schema: str) -> Draft202012Validator:
    """Returns what checks this schema of the document, which may refer to the components. Made once, because tests
    check tens of thousands of answers."""
    formats = {"date-time": is_time_in_utc}
    return Draft202012Validator(_closed() | json.loads(schema), validate_formats=True, formats=formats)


@cache
def _closed() -> Json:
    """All component schemas, without room for other fields: clients must accept new fields, but a test must notice."""
    schemas = copy.deepcopy(document()["components"]["schemas"])
    forbid_unknown_fields(schemas)
    return {"components": {"schemas": schemas}}


def forbid_unknown_fields(node: Any) -> None:
    """Forbids fields that the schemas in `node` do not name."""
    if isinstance(node, dict):
        if "properties" in node and node.get("type") == "object":
            node.setdefault("additionalProperties", False)
        for value in node.values():
            forbid_unknown_fields(value)
    elif isinstance(node, list):
        for value in node:
            forbid_unknown_fields(value)
