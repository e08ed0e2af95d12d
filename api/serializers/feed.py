"""The body and the answer of the feed."""

from __future__ import annotations

from rest_framework import serializers

from api.feed import ADDED, REMOVED, RESET
from api.feed_bookmark import MAX_CHARACTERS
from api.readable_streams import KINDS
from api.serializers.streams import EventField, PositionSerializer

MAX_EVENTS = 500


class FeedRequestSerializer(serializers.Serializer):
    bookmark = serializers.CharField(
        default="", allow_blank=True, max_length=MAX_CHARACTERS, help_text="Of the last page. Empty in the beginning."
    )
    limit = serializers.IntegerField(default=MAX_EVENTS, min_value=1, max_value=MAX_EVENTS)
    kind = serializers.ChoiceField(
        choices=[(kind, kind) for kind in KINDS],
        default="",
        allow_blank=True,
        help_text="Streams of this kind only. Use another bookmark for each.",
    )


class FeedChangeSerializer(serializers.Serializer):
    """A stream that is new in the feed, begins anew, or is gone from it."""

    change = serializers.ChoiceField(choices=[(each, each) for each in (ADDED, RESET, REMOVED)])
    stream = PositionSerializer()


class FeedEntrySerializer(serializers.Serializer):
    """An event with its stream and its offset in it."""

    channel = serializers.CharField()
    offset = serializers.IntegerField(min_value=1)
    event = EventField()


class FeedPageSerializer(serializers.Serializer):
    """The changes come first: events of a new stream are in the same page."""

    bookmark = serializers.CharField()
    has_more = serializers.BooleanField(help_text="Ask again at once. Otherwise after some seconds.")
    changes = FeedChangeSerializer(many=True)
    results = FeedEntrySerializer(many=True)
