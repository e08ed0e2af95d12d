"""The JSON of events and of ephemeral messages, as types. The OpenAPI and AsyncAPI documents are derived from them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from tidewire.ground.actors import Actor

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class EventEnvelope(Struct):
    """An event, as the log stores it and every reader gets it. `data` is what the event's serializer returns."""

    type: str
    id: UUID
    at: Time
    actor: Actor
    data: Any


class EphemeralMessage(Struct):
    """What subscribers pass on to each other: it is not stored, so it has no id."""

    type: str
    at: Time
    actor: Actor
    data: Any
