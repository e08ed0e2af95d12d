"""Positions and pages of the log as JSON."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class PositionSerializer(serializers.Serializer):
    """A position in a stream. Subscribe from it with `recover` to miss no event."""

    channel = serializers.CharField()
    epoch = serializers.CharField()
    offset = serializers.IntegerField(min_value=0)


class StreamPageSerializer(serializers.Serializer):
    """Streams with their positions."""

    next = serializers.URLField(allow_null=True, help_text="The address of the next page; null if there is none.")
    results = PositionSerializer(many=True)


@extend_schema_field({"$ref": "#/components/schemas/AnyEvent"})
class EventField(serializers.JSONField):
    """An event, as it stands in the log."""


class EntrySerializer(serializers.Serializer):
    """An event with its offset in its stream."""

    offset = serializers.IntegerField(min_value=1)
    event = EventField()


class EventPageSerializer(serializers.Serializer):
    """The events after a position. `stream` is the stream's position, read before the events."""

    next = serializers.URLField(
        allow_null=True, help_text="The address of the next page; null if there are no more events now."
    )
    results = EntrySerializer(many=True)
    stream = PositionSerializer()
