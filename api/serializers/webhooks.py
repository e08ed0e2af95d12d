"""Webhooks as JSON, the bodies that create and change them, and their deliveries."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from tidewire import registry
from tidewire.models import WebhookDelivery, WebhookEndpoint, WebhookSecret
from tidewire.rest.fields import ClientIDField, ShortListField, TextField
from tidewire.rest.serializers import RowSerializer, column
from tidewire.webhooks import urls
from tidewire.webhooks.tables import MAX_EVENTS, URL_LENGTH

MAX_TYPES = 50
MAX_STREAMS = 100
MAX_KEEP_SECONDS = 7 * 86_400


class WebhookSecretSerializer(RowSerializer[WebhookSecret]):
    """A secret, of which only the end is shown."""

    class Meta:
        model = WebhookSecret
        fields = read_only_fields = ["last4", "created_at", "expires_at"]


class WebhookSerializer(RowSerializer[WebhookEndpoint]):
    """An endpoint that gets events. `failing_since` is the first failure after the last success."""

    types = serializers.ListField(child=serializers.CharField(), read_only=True, help_text="Empty for all types.")
    streams = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        allow_null=True,
        help_text="Null for all streams that the owner may read, asked again at each delivery.",
    )
    max_events = serializers.IntegerField(read_only=True)
    state = serializers.ChoiceField(WebhookEndpoint.State.choices, read_only=True)
    disabled_reason = serializers.SerializerMethodField(help_text="Why it is disabled, or null.")
    secrets = WebhookSecretSerializer(many=True, read_only=True)
    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = WebhookEndpoint
        fields = read_only_fields = [
            "id",
            "url",
            "description",
            "types",
            "streams",
            "max_events",
            "state",
            "disabled_reason",
            "failing_since",
            "secrets",
            "created_at",
            "updated_at",
            "version",
        ]

    def get_disabled_reason(self, endpoint: WebhookEndpoint) -> str | None:
        return endpoint.disabled_reason or None


class NewWebhookSerializer(WebhookSerializer):
    """A webhook with its new secret, which is shown only once."""

    secret = serializers.CharField(read_only=True, help_text="`whsec_…`. It cannot be shown again.")

    class Meta(WebhookSerializer.Meta):
        fields = read_only_fields = [*WebhookSerializer.Meta.fields, "secret"]


class URLField(TextField):
    """A URL that requests may be sent to, as far as its text shows."""

    default_error_messages = dict.fromkeys(
        ("url", "https", "credentials", "fragment", "port", "host", "address"), "{text}"
    )

    def to_internal_value(self, data: Any) -> str:
        url = super().to_internal_value(data)
        try:
            urls.check(url)
        except urls.URLError as error:
            self.fail(error.code, text=str(error))
        return url


class EventTypeField(TextField):
    """The type of an event that there is."""

    default_error_messages = {"unknown_type": "There is no event of this type."}

    def to_internal_value(self, data: Any) -> str:
        type = super().to_internal_value(data)
        if type not in event_types():
            self.fail("unknown_type")
        return type


def event_types() -> set[str]:
    """Returns the types of all events that are declared."""
    touches = {type for touch in registry.touches for type in (touch.created, touch.updated, touch.deleted) if type}
    return {type for live in registry.lives for type in live.types} | {fact.type for fact in registry.facts} | touches


class WebhookContentSerializer(serializers.Serializer):
    """What of a webhook its owner writes."""

    url = URLField(max_length=URL_LENGTH, help_text="Requests are sent to public addresses only.")
    description = TextField(
        max_length=column(WebhookEndpoint, "description").max_length, required=False, allow_blank=True
    )
    types = ShortListField(
        child=EventTypeField(max_length=64),
        max_length=MAX_TYPES,
        required=False,
        help_text="The types of events that it gets, such as `message.created`. All without it.",
    )
    streams = ShortListField(
        child=TextField(max_length=100),
        max_length=MAX_STREAMS,
        min_length=1,
        required=False,
        allow_null=True,
        help_text="The streams whose events it gets. Without it all that you may read.",
    )
    max_events = serializers.IntegerField(
        min_value=1,
        max_value=MAX_EVENTS,
        required=False,
        help_text="Above 1, a request holds up to so many events of one stream.",
    )


class WebhookCreateSerializer(WebhookContentSerializer):
    id = ClientIDField(required=False)


class WebhookUpdateSerializer(WebhookContentSerializer):
    url = URLField(max_length=URL_LENGTH, required=False)
    state = serializers.ChoiceField(
        WebhookEndpoint.State.choices, required=False, help_text="An active one goes on where it stood."
    )


class WebhookRotateSerializer(serializers.Serializer):
    keep_seconds = serializers.IntegerField(
        min_value=0,
        max_value=MAX_KEEP_SECONDS,
        default=86_400,
        help_text="How long the earlier secrets go on signing, beside the new one.",
    )


class DeliverySerializer(RowSerializer[WebhookDelivery]):
    """A message to a webhook, and how its last attempt went."""

    stream = serializers.SerializerMethodField(help_text="The stream of its events; null for a ping.")
    state = serializers.ChoiceField(WebhookDelivery.State.choices, read_only=True)
    attempts = serializers.IntegerField(read_only=True)
    status = serializers.IntegerField(read_only=True, allow_null=True, help_text="Of the last answer.")
    answer = serializers.CharField(read_only=True, help_text="The first KiB of the last answer.")
    error = serializers.CharField(read_only=True, help_text="Why there was no answer.")
    milliseconds = serializers.IntegerField(read_only=True, allow_null=True)
    first_offset = serializers.IntegerField(read_only=True, allow_null=True)
    last_offset = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = WebhookDelivery
        fields = read_only_fields = [
            "id",
            "message_id",
            "type",
            "stream",
            "epoch",
            "first_offset",
            "last_offset",
            "state",
            "attempts",
            "status",
            "answer",
            "error",
            "milliseconds",
            "created_at",
            "attempted_at",
            "next_at",
        ]

    def get_stream(self, delivery: WebhookDelivery) -> str | None:
        return delivery.stream.name if delivery.stream else None


class DeliveryDetailSerializer(DeliverySerializer):
    """A message with its body, as an attempt now would send it."""

    body = serializers.CharField(
        source="body_now", read_only=True, allow_null=True, help_text="Null where the log has its events no longer."
    )

    class Meta(DeliverySerializer.Meta):
        fields = read_only_fields = [*DeliverySerializer.Meta.fields, "body"]


class WebhookNoticeSerializer(serializers.Serializer):
    """What the owner of a webhook must know. `stream` and `reason` are null where there is none."""

    id = serializers.UUIDField(help_text="The webhook's.")
    url = serializers.CharField()
    stream = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
