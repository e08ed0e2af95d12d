"""The AsyncAPI document, arranged as the page shows it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from tidewire.asyncapi.document import Document, document
from tidewire.asyncapi.frames import KINDS, METHODS
from tidewire.asyncapi.schema_rows import Row, rows


@cache
def reference() -> dict[str, Any]:
    """Returns the context of the page's template."""
    shown = document()
    return {
        "title": shown["info"]["title"],
        "introduction": shown["info"]["description"].split("\n\n"),
        "envelope": [row for row in _event_rows(shown) if not row.path.startswith("data")],
        "kinds": [_kind(shown, name) for name in shown["channels"] if name != "connection"],
        "methods": [
            {"name": name, "command": _shown(shown, name), "reply": _shown(shown, f"{name}.reply")} for name in METHODS
        ],
        "pushes": [_shown(shown, name) for name in ["server.ping", *[f"push.{kind}" for kind in KINDS], "error"]],
        "codes": shown["x-codes"],
    }


def _kind(document: Document, name: str) -> dict[str, Any]:
    channel = document["channels"][name]
    return {
        "name": name,
        "address": channel["address"],
        "title": channel["title"],
        "has_presence": channel["x-has-presence"],
        "messages": [_shown(document, message) for message in channel["messages"]],
    }


def _shown(document: Document, name: str) -> dict[str, Any]:
    message, schemas = document["components"]["messages"][name], document["components"]["schemas"]
    tag, found = message["tags"][0]["name"], list(rows(message["payload"], schemas))
    is_enveloped = tag in ("event", "ephemeral")
    return {
        "name": name,
        "summary": message["summary"],
        "tag": tag,
        "rows": [row for row in found if not is_enveloped or row.path.startswith("data")],
        "example": json.dumps(message["examples"][0]["payload"], ensure_ascii=False, indent=2),
    }


def _event_rows(document: Document) -> list[Row]:
    """Returns the rows of some event: those of the envelope, which all events share, are shown once."""
    schemas = document["components"]["schemas"]
    events = schemas["AnyEvent"].get("oneOf", [])
    return list(rows(events[0], schemas)) if events else []
