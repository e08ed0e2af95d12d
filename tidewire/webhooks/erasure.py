"""Stored answers of receivers may repeat what they got, so they are erased with it, in the same transaction.

Bodies of requests are not stored: they are read from the log, where the erasure has been.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connections

from tidewire.declare.registry import registry
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.log.erasure import on_erasure
from tidewire.log.tables import Event, Stream
from tidewire.webhooks.tables import SCANNED, WebhookDelivery, WebhookEndpoint

BATCH = 500

_OF_OBJECTS = """UPDATE {deliveries} SET answer = '' WHERE id IN (
    SELECT d.id FROM {events} e CROSS JOIN {deliveries} d
    WHERE e.object IN ({objects}) AND d.stream_id = e.stream_id AND d.answer <> ''
        AND d.last_offset >= e."offset" AND d.last_offset <= e."offset" + {span} AND d.first_offset <= e."offset")"""


@on_erasure
def forget_answers(deletions: Sequence[RecordedEvent], using: str) -> None:
    """Removes the answers to messages that held an event of what is deleted."""
    rows = WebhookDelivery.objects.using(using).exclude(answer="")
    ended = [event.stream for event in deletions if registry.ends_stream(event.stream, event.type)]
    if ended:
        rows.filter(stream__in=Stream.objects.using(using).filter(name__in=ended).values("pk")).update(answer="")
    objects = sorted({event.object for event in deletions if event.object})
    for start in range(0, len(objects), BATCH):
        some = objects[start : start + BATCH]
        statement = _OF_OBJECTS.format(
            deliveries=f'"{WebhookDelivery._meta.db_table}"',
            events=f'"{Event._meta.db_table}"',
            objects=", ".join(["%s"] * len(some)),
            span=SCANNED,
        )
        with connections[using].cursor() as cursor:
            cursor.execute(statement, some)


def forget_account(user: str, using: str, most: int) -> int:
    """Deletes a user's endpoints with all that belongs to them, and removes the answers that show the user's key: at
    most `most` of them. Returns how many rows there were."""
    endpoints = list(WebhookEndpoint.objects.using(using).of(user).values_list("pk", flat=True)[:most])
    some = WebhookDelivery.objects.using(using).filter(endpoint__in=endpoints)[:most]
    mine = list(some.values_list("pk", flat=True))
    if mine:
        return WebhookDelivery.objects.using(using).filter(pk__in=mine).delete()[0]
    WebhookEndpoint.objects.using(using).filter(pk__in=endpoints).delete()
    shown = list(WebhookDelivery.objects.using(using).filter(answer__contains=user).values_list("pk", flat=True)[:most])
    WebhookDelivery.objects.using(using).filter(pk__in=shown).update(answer="")
    return len(endpoints) + len(shown)
