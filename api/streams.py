"""The stream kinds of the product, and its facts with the functions that record them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.dispatch import receiver

from api import devices, permissions
from api.models import Dashboard, Key, Metric, Room
from api.models.keys import keys_ended
from api.models.samples import Point
from api.serializers.keys import EndedKeySerializer
from api.serializers.samples import MAX_BATCH, RecordedSamplesSerializer
from api.serializers.webhooks import WebhookNoticeSerializer
from tidewire import Fact, Rate, StreamKind, Topic, parse_stream, record_fact
from tidewire.models import WebhookEndpoint
from tidewire.webhooks import notices

rooms = StreamKind(
    "room",
    may_subscribe=partial(permissions.readable_ids, Room),
    readers=partial(permissions.readers, Room),
    ephemeral=frozenset({"typing"}),
    has_presence=True,
)
users = StreamKind("user", may_subscribe=permissions.own_user_id, keeps_access=True)
dashboards = StreamKind(
    "dashboard",
    may_subscribe=partial(permissions.readable_ids, Dashboard),
    readers=partial(permissions.readers, Dashboard),
    has_presence=True,
    # A viewer gets no more events than this, however many programs record samples.
    rate=Rate(events=10, seconds=0.5),
    is_on_mqtt=True,
    retained=frozenset({"metric.created", "metric.updated", "metric.alarm", "metric.ok", "samples.recorded"}),
)


def merge_samples(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the data of one event for two of the same metric, or None when it would be larger than a batch."""
    samples = earlier["samples"] + later["samples"]
    return {**earlier, "samples": samples} if len(samples) <= MAX_BATCH else None


samples_recorded = Fact(
    "samples.recorded",
    kind=dashboards,
    serializer=RecordedSamplesSerializer,
    merge=merge_samples,
    topic=Topic(
        "metrics/{metric_id}/samples",
        post="/api/v1/metrics/{metric_id}/samples/",
        number="value",
        batch="samples",
        identity="at",
        holders=devices.sample_paths,
    ),
)


def record_samples(metric: Metric, points: Sequence[Point]) -> list[Point]:
    """Adds samples to a metric, and makes an event of its dashboard of those that were new, which it returns.

    Call it inside a transaction. Raises Metric.DoesNotExist when the metric has been deleted.
    """
    added = metric.record(points)
    if added:
        record_fact(samples_recorded, metric.dashboard_id, (metric.pk, added), about=metric)
    return added


keys_of = {kind.name: Fact("key.ended", kind=kind, serializer=EndedKeySerializer) for kind in (rooms, dashboards)}
"""{kind of stream: the fact that a key bound to such a stream ended}"""


@receiver(keys_ended)
def record_ended_keys(keys: Sequence[Key], using: str, **kwargs: Any) -> None:
    """Makes an event of the end of each bound key, in the stream to which it was bound."""
    for key in keys:
        kind, id = parse_stream(key.stream) or ("", "")
        if kind in keys_of:
            record_fact(keys_of[kind], id, key, using=using)


webhook_notices = {
    type: Fact(type, kind=users, serializer=WebhookNoticeSerializer)
    for type in (notices.DISABLED, notices.STREAM_ENDED, notices.POSITION_LOST)
}
"""{type: the fact that the owner of a webhook must know}"""


@receiver(notices.noticed)
def record_notice(endpoint: WebhookEndpoint, type: str, stream: str, reason: str, using: str, **kwargs: Any) -> None:
    """Makes an event of it in the stream of the webhook's owner, where no webhook is needed to learn of it."""
    value = {"id": endpoint.pk, "url": endpoint.url, "stream": stream or None, "reason": reason or None}
    record_fact(webhook_notices[type], endpoint.owner, value, using=using)


@receiver(keys_ended)
def disable_webhooks(keys: Sequence[Key], using: str, **kwargs: Any) -> None:
    """Disables the webhooks that a key has made: a key that leaked reads nothing after its end."""
    made = WebhookEndpoint.objects.using(using).filter(made_by__in=[str(key.pk) for key in keys], state="active")
    for endpoint in made.select_for_update(no_key=True).order_by("pk"):
        notices.disable(endpoint, WebhookEndpoint.Reason.KEY_ENDED, "", using)
