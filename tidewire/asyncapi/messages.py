"""The messages under `components` of the document, and the references to them."""

from __future__ import annotations

from typing import Any

from tidewire.asyncapi.struct_schemas import Schema

Message = dict[str, Any]

TAGS = {
    "command": "What a client asks for.",
    "event": "What the log keeps: in order, with an offset, sent again to a client that returns.",
    "push": "What the server sends without being asked.",
    "reply": "What the server answers to a command.",
    "ephemeral": "What subscribers publish to each other: not stored, without an offset.",
}


def message(name: str, tag: str, summary: str, payload: Schema, example: Any) -> Message:
    return {
        "name": name,
        "title": name,
        "summary": summary,
        "tags": [{"name": tag}],
        "payload": payload,
        "examples": [{"name": "example", "payload": example}],
    }


def message_ref(name: str) -> Schema:
    return {"$ref": f"#/components/messages/{name}"}
