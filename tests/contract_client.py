"""A client that believes no answer: each one is checked against openapi.yaml, and so is any event given to it."""

from __future__ import annotations

import copy
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.urls import Resolver404
from jsonschema import Draft202012Validator, FormatChecker
from rest_framework.test import APIClient

from api.rest.problems import CONTENT_TYPE, PROBLEMS, type_of

PATH = Path(__file__).parent.parent / "openapi.yaml"
FORMATS = FormatChecker()
_loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@FORMATS.checks("date-time")
def is_time_in_utc(value: Any) -> bool:
    """RFC 3339, and always with a Z: times of one form can be compared as text."""
    return not isinstance(value, str) or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value) is not None


class ContractError(AssertionError):
    """The server and openapi.yaml disagree."""


class ContractClient(APIClient):
    """`client.as_(alice)` signs in without a password; every response is validated before the test sees it."""

    def request(self, **kwargs: Any) -> Any:
        response = super().request(**kwargs)
        try:
            route = response.resolver_match.route
        except Resolver404:
            route = ""
        if response.status_code >= 400 or route.startswith("api/v1/"):
            check_response(route, kwargs["REQUEST_METHOD"].lower(), response)
        return response


def check_response(route: str, method: str, response: Any) -> None:
    """Raises ContractError unless openapi.yaml describes this answer, body and media type, with nothing left over."""
    path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
    responses = document()["paths"].get(path, {}).get(method, {}).get("responses", {"default": _PROBLEM})
    described = responses.get(str(response.status_code))
    if described is None and response.status_code >= 400:
        described = responses["default"]
    if described is None:
        raise ContractError(f"{method} {path}: status {response.status_code} is not in openapi.yaml")
    if "$ref" in described:
        described = document()["components"]["responses"][described["$ref"].rsplit("/", 1)[1]]
    if response.status_code >= 400 and response.get("Content-Type") == CONTENT_TYPE:
        _check_problem(json.loads(response.content))
    _check_headers(described, response, f"{method} {path}")
    _check_body(described, response, f"{method} {path}")


def check_event(event: dict[str, Any]) -> None:
    """Raises ContractError unless the event is exactly what openapi.yaml says of its type."""
    mapping = document()["components"]["schemas"]["AnyEvent"]["discriminator"]["mapping"]
    if event.get("type") not in mapping:
        raise ContractError(f"openapi.yaml knows no event {event.get('type')!r}")
    _check({"$ref": mapping[event["type"]]}, event, f"event {event['type']}")


@cache
def document() -> dict[str, Any]:
    return yaml.load(PATH.read_text(), Loader=_loader)


_PROBLEM = {"$ref": "#/components/responses/Problem"}


def _check_problem(problem: dict[str, Any]) -> None:
    """Its code has a row in the table, with this status."""
    kind = PROBLEMS.get(problem["code"])
    if kind is None or kind.status != problem["status"] or problem["type"] != type_of(problem["code"]):
        raise ContractError(f"{problem['code']} with {problem['status']} is not in api/rest/problems.py")


def _check_headers(described: dict[str, Any], response: Any, where: str) -> None:
    """What is promised as a header may be missing (a write without an event), but none may be sent unannounced."""
    for name in ("ETag", "Tidewire-Position"):
        if name in response and name not in described.get("headers", {}):
            raise ContractError(f"{where}: the header {name} is not in openapi.yaml")


def _check_body(described: dict[str, Any], response: Any, where: str) -> None:
    content = described.get("content")
    if not content:
        if response.content:
            raise ContractError(f"{where}: openapi.yaml knows no body")
        return
    media_type = response["Content-Type"].split(";")[0]
    if media_type not in content:
        raise ContractError(f"{where}: {media_type} is not in openapi.yaml")
    _check(content[media_type]["schema"], json.loads(response.content), where)


def _check(schema: dict[str, Any], value: Any, where: str) -> None:
    validator = Draft202012Validator(_closed() | schema, format_checker=FORMATS)
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
    if errors:
        raise ContractError(f"{where}: " + "; ".join(errors))


@cache
def _closed() -> dict[str, Any]:
    """All components, closed: a client must bear new fields, but a test must notice them."""
    schemas = copy.deepcopy(document()["components"]["schemas"])
    _close(schemas)
    return {"components": {"schemas": schemas}}


def _close(node: Any) -> None:
    if isinstance(node, dict):
        if "properties" in node and node.get("type") == "object":
            node.setdefault("additionalProperties", False)
        for value in node.values():
            _close(value)
    elif isinstance(node, list):
        for value in node:
            _close(value)
