"""Positions and pages of the log as JSON."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class PositionSerializer(serializers.Serializer):
    """A place in a stream: subscribe from it (`recover`) and nothing is missed."""

    channel = serializers.CharField()
    epoch = serializers.CharField()
    offset = serializers.IntegerField(min_value=0)


@extend_schema_field({"$ref": "#/components/schemas/AnyEvent"})
class EventField(serializers.JSONField):
    """An event, as it stands in the log."""


class EntrySerializer(serializers.Serializer):
    """An event with its place in its stream."""

    offset = serializers.IntegerField(min_value=1)
    event = EventField()


class EventPageSerializer(serializers.Serializer):
    """What the log holds after a position. `stream` is where it stood before these were read."""

    next = serializers.URLField(allow_null=True, help_text="What follows; null where this is all there is now.")
    results = EntrySerializer(many=True)
    stream = PositionSerializer()
