"""Stored answers of receivers may repeat what they got, and errors quote answers that are no HTTP. So both are erased
with it, in the same transaction; and the answer to an attempt that was under way meanwhile is not stored.

Bodies of requests are not stored: they are read from the log, where the erasure has been.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from django.db import connections
from django.db.models import Q

from tidewire.declare.registry import registry
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.log.erasure import on_erasure
from tidewire.log.tables import Event, Stream
from tidewire.webhooks.outcomes import Message, Outcome
from tidewire.webhooks.tables import SCANNED, WebhookDelivery, WebhookEndpoint

BATCH = 500

_OF_OBJECTS = """UPDATE {deliveries} SET answer = '', error = '' WHERE id IN (
    SELECT d.id FROM {events} e CROSS JOIN {deliveries} d
    WHERE e.object IN ({objects}) AND d.stream_id = e.stream_id AND (d.answer <> '' OR d.error <> '')
        AND d.last_offset >= e."offset" AND d.last_offset <= e."offset" + {span} AND d.first_offset <= e."offset")"""


_SENT = """WITH sent (k, stream, first, last) AS (VALUES {places})
    SELECT k, e.id, e.payload FROM sent CROSS JOIN {events} e
    WHERE e.stream_id = stream AND e."offset" >= first AND e."offset" <= last ORDER BY e.stream_id, e."offset" {lock}"""


def without_erased(outcomes: Sequence[Outcome], using: str) -> list[Outcome]:
    """Returns the outcomes without the answers to what was erased since it was sent.

    The events stay as they are until the transaction ends, so that an erasure after it finds the answers.
    """
    shown = [n for n, each in enumerate(outcomes) if each.message.stream and (each.answer or each.error)]
    erased = _erased({n: outcomes[n].message for n in shown}, using) if shown else set()
    return [replace(each, answer="", error="") if n in erased else each for n, each in enumerate(outcomes)]


def _erased(sent: Mapping[int, Message], using: str) -> set[int]:
    """Returns the keys of the messages that hold an event which is another in the log by now."""
    connection = connections[using]
    places = ", ".join(
        f"({key:d}, {each.stream:d}, {each.first or 0:d}, {each.last or 0:d})" for key, each in sent.items()
    )
    lock = "FOR SHARE OF e" if connection.vendor == "postgresql" else ""
    statement = _SENT.format(places=places, events=f'"{Event._meta.db_table}"', lock=lock)
    with connection.cursor() as cursor:
        cursor.execute(statement, [])
        return {
            key
            for key, id, payload in cursor.fetchall()
            if str(id if isinstance(id, UUID) else UUID(id)) in sent[key].body and payload[1:] not in sent[key].body
        }


@on_erasure
def forget_answers(deletions: Sequence[RecordedEvent], using: str) -> None:
    """Removes the answers to messages that held an event of what is deleted."""
    rows = WebhookDelivery.objects.using(using).exclude(answer="", error="")
    ended = [event.stream for event in deletions if registry.ends_stream(event.stream, event.type)]
    if ended:
        rows.filter(stream__in=Stream.objects.using(using).filter(name__in=ended).values("pk")).update(
            answer="", error=""
        )
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
    naming = WebhookDelivery.objects.using(using).filter(Q(answer__contains=user) | Q(error__contains=user))
    shown = list(naming.values_list("pk", flat=True)[:most])
    WebhookDelivery.objects.using(using).filter(pk__in=shown).update(answer="", error="")
    return len(endpoints) + len(shown)
