"""Examples for openapi.yaml: written by hand for request bodies, made from the schemas for answers.

Tests compare both with the schemas, so that no example is out of date.
"""

from __future__ import annotations

from typing import Any

from api.rest.problems import PROBLEMS as KINDS
from tidewire.asyncapi.examples import example, uuid
from tidewire.rest import problems

# {operation id: body}. Operations that are missing, such as those of other apps, get an example from their schema.
REQUESTS: dict[str, Any] = {
    "dashboards_create": {"name": "Servers", "visibility": "private"},
    "dashboards_update": {"name": "Old servers"},
    "dashboard_members_create": {"user_id": uuid("user_id"), "role": "member"},
    "dashboard_members_update": {"role": "admin"},
    "dashboard_samples_create": {"samples": [{"metric": "load", "at": "2026-01-02T03:04:05Z", "value": 0.7}]},
    "metrics_create": {"key": "load", "unit": "", "thresholds": {"above": 8, "below": None}},
    "metrics_update": {"name": "Load", "retention_days": 90},
    "samples_create": {"samples": [{"at": "2026-01-02T03:04:05Z", "value": 0.7}]},
    "keys_create": {"name": "Ticket robot", "scopes": ["messages:read", "messages:write"]},
    "keys_update": {"name": "Ticket robot, old"},
    "keys_rotate": {},
    "me_update": {"name": "Alice"},
    "me_password": {"current_password": "correct horse battery staple", "new_password": "four other random words"},
    "rooms_create": {"name": "Harbour", "kind": "private"},
    "rooms_update": {"name": "Old harbour"},
    "members_create": {"user_id": uuid("user_id"), "role": "member"},
    "members_update": {"role": "admin"},
    "messages_create": {"text": "Good morning!"},
    "messages_update": {"text": "Good evening!"},
    "messages_batch": [{"text": "Good morning!"}, {"text": "The ship is in."}],
    "read_put": {"message": uuid("message")},
    "rooms_transfer": {"user_id": uuid("user_id")},
    "streams_feed": {"bookmark": "", "limit": 500},
    "token_create": {"email": "alice@example.com", "password": "correct horse battery staple"},
    "token_refresh": {"refresh": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"},
    "token_verify": {"token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"},
    "token_blacklist": {"refresh": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"},
    "webhooks_create": {
        "url": "https://hooks.example.com/tidewire",
        "types": ["message.created"],
        "streams": ["room:" + uuid("room")],
    },
    "webhooks_update": {"state": "active"},
    "webhooks_rotate": {"keep_seconds": 86400},
    "users_create": {"email": "alice@example.com", "name": "Alice", "password": "correct horse battery staple"},
}
PROBLEMS = {"Problem": "not_found", "Unauthenticated": "token_expired", "TryLater": "quota_exceeded"}


def add_examples(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Adds an example to every body."""
    schemas = result["components"]["schemas"]
    for operations in result["paths"].values():
        for operation in operations.values():
            for content in _contents(operation.get("requestBody", {})):
                sent = REQUESTS.get(operation["operationId"])
                content["example"] = example(content["schema"], schemas) if sent is None else sent
            for response in operation["responses"].values():
                for content in _contents(response):
                    content["example"] = example(content["schema"], schemas)
    for name, code in PROBLEMS.items():
        for content in _contents(result["components"]["responses"][name]):
            content["example"] = _problem(code)
    return result


def _contents(body: dict[str, Any]) -> list[dict[str, Any]]:
    return list(body.get("content", {}).values())


def _problem(code: str) -> dict[str, Any]:
    kind = KINDS[code]
    more = {"violated-policies": ["key"]} if code == "quota_exceeded" else {}
    return problems.document(kind.status, code, kind.meaning, uuid("request"), **more)
