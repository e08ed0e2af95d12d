"""Pings and redeliveries: single attempts that an owner has asked for. They are outside the order of the streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connections
from django.db.models import F, Q

from tidewire.engine import access
from tidewire.ground.conf import conf
from tidewire.log.database import log_alias
from tidewire.log.tables import Stream
from tidewire.webhooks import messages, reading
from tidewire.webhooks.outcomes import Message, Outcome
from tidewire.webhooks.tables import WebhookDelivery, WebhookEndpoint

CLAIMS = 16
NOT_KEPT = "the log keeps these events no longer"
NOT_READABLE = "the owner may not read this stream"
NO_SECRET = "the endpoint has no valid secret"


def claim(now: datetime, using: str) -> list[WebhookDelivery]:
    """Takes the requests that have waited longest."""
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    rows = WebhookDelivery.objects.using(using).filter(free, requested_at__isnull=False).order_by("requested_at")
    if connections[using].features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, no_key=True)
    claimed = list(rows[:CLAIMS])
    if claimed:
        until = now + timedelta(seconds=conf.WEBHOOK_TIMEOUT_SECONDS + conf.WEBHOOK_LEASE_SECONDS)
        WebhookDelivery.objects.using(using).filter(pk__in=[row.pk for row in claimed]).update(leased_until=until)
    return claimed


def messages_of(
    rows: Sequence[WebhookDelivery],
    endpoints: Mapping[UUID, WebhookEndpoint],
    secrets: Mapping[UUID, tuple[str, ...]],
    now: datetime,
    using: str,
) -> list[Message]:
    """Returns the messages of these requests. Those that cannot be sent are stored as failed, with the reason."""
    found = []
    for row in rows:
        endpoint = endpoints[row.endpoint_id]
        error, body, committed_at = NO_SECRET, "", None
        if secrets[endpoint.pk]:
            error, body = ("", messages.ping(endpoint.pk, now)) if row.stream_id is None else body_of(row, using)
        if error:
            _finish(row.pk, using, state=WebhookDelivery.State.FAILED, error=error, attempted_at=now)
            continue
        found.append(
            Message(
                endpoint=endpoint.pk,
                url=endpoint.url,
                secrets=secrets[endpoint.pk],
                id=row.message_id,
                type=row.type,
                body=body,
                delivery=row.pk,
                stream=row.stream_id,
                first=row.first_offset,
                last=row.last_offset,
                committed_at=committed_at,
            )
        )
    return found


def body_of(row: WebhookDelivery, using: str) -> tuple[str, str]:
    """Returns (error, body) of a message with events, as the log has them now: what was erased since is not in it."""
    stream = Stream.objects.using(using).get(pk=row.stream_id)
    if stream.name not in access.permitted(row.endpoint.owner, [stream.name]):
        return NOT_READABLE, ""
    first, last = row.first_offset or 0, row.last_offset or 0
    if row.type == messages.RESET:
        return "", messages.reset(stream.name, row.epoch, last, row.created_at)
    events = reading.events_between([(0, stream.pk, first - 1, last)], using).get(0, [])
    types = row.endpoint.types
    events = [event for event in events if not types or event.type in types or row.type != messages.BATCH]
    if row.epoch != stream.epoch or not events:
        return NOT_KEPT, ""
    if row.type == messages.BATCH:
        return "", messages.batch(stream.name, stream.epoch, events)
    return "", messages.single(stream.name, stream.epoch, events[0])


def body_now(row: WebhookDelivery) -> str | None:
    """Returns the body that an attempt would send now, or None where there is none any more."""
    if row.stream_id is None:
        return messages.ping(row.endpoint_id, row.created_at)
    error, body = body_of(row, log_alias())
    return None if error else body


def settle(outcomes: Sequence[Outcome], using: str) -> None:
    """Stores the outcomes of requested attempts."""
    for outcome in outcomes:
        _finish(
            outcome.message.delivery,
            using,
            state=WebhookDelivery.State.DELIVERED if outcome.is_success else WebhookDelivery.State.FAILED,
            attempts=F("attempts") + 1,
            status=outcome.status,
            answer=outcome.answer,
            error=outcome.error,
            milliseconds=outcome.milliseconds,
            attempted_at=outcome.at,
        )


def _finish(pk: UUID | None, using: str, **values: object) -> None:
    values = {**values, "requested_at": None, "leased_until": None}
    WebhookDelivery.objects.using(using).filter(pk=pk).update(**values)
