"""Stores attempts: one row for each message, which says how its last attempt went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tidewire.ground import metrics
from tidewire.webhooks.outcomes import Outcome
from tidewire.webhooks.tables import WebhookDelivery

_CHANGED = [
    *("state", "attempts", "status", "answer", "error", "milliseconds", "attempted_at", "next_at", "type"),
    *("epoch", "first_offset", "last_offset"),
]


def row_of(outcome: Outcome, attempts: int, next_at: datetime | None) -> WebhookDelivery:
    """Returns the row of the message after this attempt; `next_at` is when the next one is, if there is one."""
    message = outcome.message
    state = WebhookDelivery.State.RETRYING if next_at else WebhookDelivery.State.FAILED
    return WebhookDelivery(
        endpoint_id=message.endpoint,
        message_id=message.id,
        type=message.type,
        stream_id=message.stream,
        epoch=message.epoch,
        first_offset=message.first,
        last_offset=message.last,
        state=WebhookDelivery.State.DELIVERED if outcome.is_success else state,
        attempts=attempts,
        status=outcome.status,
        answer=outcome.answer,
        error=outcome.error,
        milliseconds=outcome.milliseconds,
        created_at=outcome.at,
        attempted_at=outcome.at,
        next_at=next_at,
    )


def store(rows: Sequence[WebhookDelivery], using: str) -> None:
    """Inserts these rows, or updates those that have had an attempt."""
    if rows:
        WebhookDelivery.objects.using(using).bulk_create(
            rows, update_conflicts=True, unique_fields=["endpoint", "message_id"], update_fields=_CHANGED
        )
    for row in rows:
        metrics.webhook_attempts.labels(row.state).inc()
