"""What the streams of one kind carry: a channel of the document, with the events and ephemeral messages declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rest_framework import serializers

from tidewire.asyncapi.components import Components
from tidewire.asyncapi.event_schemas import ephemeral_schema, event_schema
from tidewire.asyncapi.examples import example, uuid
from tidewire.asyncapi.messages import Message, message, message_ref
from tidewire.declare.kinds import StreamKind
from tidewire.declare.live import Live
from tidewire.declare.registry import Registry


class OnlyID(serializers.Serializer):
    """The key of an object that is gone."""

    id = serializers.CharField()


class KindChannel:
    """A stream kind with {message name: reference} of its events and of its ephemeral messages."""

    def __init__(self, kind: StreamKind, registry: Registry, components: Components) -> None:
        self.kind, self.name = kind, kind.name
        declared = dict(_declared(kind, registry))
        self._declared, self._deletions = (
            declared.keys(),
            {type for type in declared if (kind.name, type) in registry.deletions},
        )
        self._facts = {fact.type for fact in registry.facts if fact.kind is kind}
        self.events = dict(
            components.add(kind.name, type, "Event", event_schema(type, components.of_serializer(data)))
            for type, data in sorted(declared.items())
        )
        self.ephemeral = dict(
            components.add(kind.name, type, "EphemeralMessage", ephemeral_schema(type))
            for type in sorted(kind.ephemeral)
        )

    @property
    def stream(self) -> str:
        """Returns the name of one such stream, for examples."""
        return self.kind(uuid("id"))

    def channel(self) -> dict[str, Any]:
        return {
            "address": f"{self.name}:{{key}}",
            "title": f"{self.name.capitalize()} streams",
            "description": f"One ordered log for each {self.name}.",
            "parameters": {"key": {"description": f"The id of the {self.name}."}},
            "messages": {name: message_ref(name) for name in [*self.events, *self.ephemeral]},
            "x-has-presence": self.kind.has_presence,
        }

    def messages(self, components: Components) -> Iterator[tuple[str, Message]]:
        """Yields (name, message). All components must be there, because the examples follow references."""
        schemas = components.all()
        for name, schema in self.events.items():
            yield name, message(name, "event", self._summary(name), schema, example(schema, schemas))
        for name, schema in self.ephemeral.items():
            summary = "Passed on to the clients that are subscribed now; the server adds the time and the sender."
            yield name, message(name, "ephemeral", summary, schema, example(schema, schemas))

    def _summary(self, name: str) -> str:
        type = name if name in self._declared else name.removeprefix(f"{self.name}.")
        if type in self._deletions:
            return "It is gone: its key, and nothing else."
        if type in self._facts:
            return "It happened: only what belongs to the fact."
        return "Its whole state, as the list shows it."


def _declared(kind: StreamKind, registry: Registry) -> Iterator[tuple[str, type]]:
    """Yields (event type, serializer of its data) of everything that is declared for streams of this kind."""
    for live in registry.lives:
        if live.stream.kind is kind:
            yield from _types(live, registry)
    yield from ((fact.type, fact.serializer) for fact in registry.facts if fact.kind is kind)


def _types(live: Live, registry: Registry) -> Iterator[tuple[str, type]]:
    for type, is_key in live.types.items():
        yield type, (live.key_schema or OnlyID) if is_key else live.serializer
    for touch in registry.touches:
        if touch.parent_model is live.model:  # a change of a part is an event with the parent's full state
            yield from ((type, live.serializer) for type in (touch.created, touch.updated, touch.deleted) if type)
