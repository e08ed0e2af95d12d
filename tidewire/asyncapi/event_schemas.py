"""JSON schemas of events and ephemeral messages, for the AsyncAPI document and for OpenAPI's."""

from __future__ import annotations

import re
from copy import deepcopy

from tidewire.asyncapi.struct_schemas import Schema, of_sent
from tidewire.ground.actors import Actor
from tidewire.protocol.events import EphemeralMessage, EventEnvelope

ACTOR = of_sent([Actor])["Actor"] | {"description": "The user, key or system that caused the event."}
_ENVELOPES = of_sent([EventEnvelope, EphemeralMessage])


def event_schema(type: str, data: Schema) -> Schema:
    """Returns the schema of an event of this type, whose `data` has the given schema. It refers to `Actor`."""
    return _envelope("EventEnvelope", type, data)


def ephemeral_schema(type: str) -> Schema:
    """Returns the schema of an ephemeral message of this type. It refers to `Actor`."""
    return _envelope("EphemeralMessage", type, {"description": "What the sender put there."})


def component_name(type: str, suffix: str = "Event") -> str:
    """Returns the name of the component of an event type: `message.created` → `MessageCreatedEvent`."""
    return "".join(word.capitalize() for word in re.split(r"[._]", type)) + suffix


def _envelope(name: str, type: str, data: Schema) -> Schema:
    envelope = {key: value for key, value in deepcopy(_ENVELOPES[name]).items() if key != "description"}
    envelope["properties"] |= {"type": {"type": "string", "const": type}, "data": data}
    return envelope
