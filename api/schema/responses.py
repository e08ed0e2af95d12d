"""Postprocessing hooks of drf-spectacular: the problems, headers and links of every answer in openapi.yaml."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from tidewire.rest.problems import CONTENT_TYPE

PROBLEM = {
    "type": "object",
    "description": "A problem document (RFC 9457). Programs should read `code`.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "The address of the page about this problem.",
        },
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The id of the request, as in the X-Request-ID header."},
        "code": {"type": "string"},
        "trace_id": {
            "type": "string",
            "pattern": "^[0-9a-f]{32}$",
            "description": "The id of the trace, where the request has one, as in its `traceparent` header.",
        },
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemError"}},
        "stream": {"$ref": "#/components/schemas/Position", "description": "With 410: the stream's position now."},
        "violated-policies": {
            "type": "array",
            "items": {"type": "string"},
            "description": "With 429: the exceeded quotas of RateLimit-Policy.",
        },
    },
}
PROBLEM_ERROR = {
    "type": "object",
    "required": ["pointer", "code", "detail"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) into the request body."},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}


HEADERS = {
    "RateLimit": 'What is left of each quota, and the seconds until it is full again: `"user";r=42;t=18`.',
    "RateLimit-Policy": 'The quotas that count this request: `"user";q=1200;w=60`.',
    "Retry-After": "Seconds to wait.",
    "WWW-Authenticate": "How to authenticate.",
}
RESPONSES = {
    "Problem": ("The error.", []),
    "Unauthenticated": ("No credential, or not a valid one.", ["WWW-Authenticate"]),
    "TryLater": ("The request cannot be served now. Nothing was written.", ["Retry-After"]),
}
LATER = ("429", "503")


def add_not_modified(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Adds a 304 to operations with If-None-Match. It has the headers of their 200."""
    for operations in result["paths"].values():
        for operation in operations.values():
            if any(parameter["name"] == "If-None-Match" for parameter in operation.get("parameters", [])):
                headers = deepcopy(operation["responses"]["200"].get("headers", {}))
                text = "The resource still has the ETag of If-None-Match."
                operation["responses"]["304"] = {"description": text, "headers": headers}
    return result


def add_links(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Links a POST to the operations on what it created: by the id in its answer, and the parameters of its path."""
    for path, operations in result["paths"].items():
        made = operations.get("post", {}).get("responses", {}).get("201")
        params = re.findall(r"{(\w+)}", path)
        below = re.compile(re.escape(path) + r"{(\w+)}/")
        for other, theirs in result["paths"].items():
            match = below.match(other)
            if made is None or match is None or set(re.findall(r"{(\w+)}", other)) != {*params, match[1]}:
                continue
            known = {name: f"$request.path.{name}" for name in params}
            known[match[1]] = f"$response.body#/{'user/id' if match[1] == 'user_id' else 'id'}"
            for operation in theirs.values():
                link = {"operationId": operation["operationId"], "parameters": known}
                made.setdefault("links", {})[operation["operationId"]] = deepcopy(link)
    return result


def add_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Adds the problem documents: the likely statuses of each operation, and `default` for all others."""
    result["components"]["schemas"] |= deepcopy({"Problem": PROBLEM, "ProblemError": PROBLEM_ERROR})
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    result["components"]["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()
    }
    result["components"]["responses"] = {
        name: {"description": text, "headers": _headers(names), "content": deepcopy(content)}
        for name, (text, names) in RESPONSES.items()
    }
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for response in operation["responses"].values():
                response.setdefault("headers", {}).update(_headers(["RateLimit", "RateLimit-Policy"]))
            for status in [*_likely_problems(path, method, operation), *LATER, "default"]:
                operation["responses"][status] = {"$ref": f"#/components/responses/{response_of(status)}"}
    return result


def _headers(names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def response_of(status: str) -> str:
    """Returns the name of the component that describes a problem of this status."""
    return "TryLater" if status in LATER else "Unauthenticated" if status == "401" else "Problem"


def _likely_problems(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    parameters = operation.get("parameters", [])
    is_signed_in = {"bearer": []} in operation.get("security", [])
    may_be_refused = is_signed_in and method != "get"
    statuses = {
        "400": True,  # also for an unknown parameter
        "401": is_signed_in or "/token/" in path,
        "403": is_signed_in,
        "404": "{" in path or operation["tags"] == ["keys"],  # a key names the stream that it is bound to
        "409": may_be_refused,
        "410": any(p["name"] == "after" for p in parameters),
        "412": any(p["name"] == "If-Match" for p in parameters),
        "413": "requestBody" in operation,
        "415": "requestBody" in operation,
        "422": any(p["name"] == "Idempotency-Key" for p in parameters),
    }
    return [status for status, is_likely in statuses.items() if is_likely]
