"""What one webhook of a user has to do with one event: its position in the stream, and the delivery with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tidewire.diagnosis.why_lines import Line, time_text
from tidewire.ground.conf import conf
from tidewire.log.tables import Event, Stream
from tidewire.webhooks.tables import RESET, WebhookDelivery, WebhookEndpoint, WebhookPosition

IDLE_SECONDS = 60.0
"""A message that is due for so long, while no worker has it, waits for a worker."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The event that is asked about. `event` is None where it is pruned."""

    stream: Stream
    offset: int
    event: Event | None
    using: str
    now: datetime


def lines(user_id: str, asked: Asked) -> list[Line]:
    """Returns what is known of each webhook of the user and the event, the oldest webhook first."""
    endpoints = list(WebhookEndpoint.objects.using(asked.using).of(user_id).order_by("created_at", "pk"))
    rows = WebhookPosition.objects.using(asked.using).filter(endpoint__in=endpoints, stream=asked.stream)
    positions = {row.endpoint_id: row for row in rows}
    deliveries = WebhookDelivery.objects.using(asked.using).filter(
        endpoint__in=endpoints,
        stream=asked.stream,
        epoch=asked.stream.epoch,
        first_offset__lte=asked.offset,
        last_offset__gte=asked.offset,
    )
    found = {row.endpoint_id: row for row in deliveries.order_by("created_at")}
    return [_line(endpoint, positions.get(endpoint.pk), found.get(endpoint.pk), asked) for endpoint in endpoints]


def _line(
    endpoint: WebhookEndpoint, position: WebhookPosition | None, delivery: WebhookDelivery | None, asked: Asked
) -> Line:
    verdict, text = _said_by(endpoint, position, delivery, asked)
    return Line(verdict, f"webhook {endpoint.url}, made {time_text(endpoint.created_at)}: {text}")


def _said_by(
    endpoint: WebhookEndpoint, position: WebhookPosition | None, delivery: WebhookDelivery | None, asked: Asked
) -> tuple[str, str]:
    if delivery is not None and delivery.state == WebhookDelivery.State.DELIVERED:
        if delivery.type == RESET:
            return "webhook_reset", f"it got {RESET} at {_time(delivery.attempted_at)}, in place of the events before"
        return "webhook_sent", f"confirmed with {delivery.status} at {_time(delivery.attempted_at)}"
    if not _is_for(endpoint, asked):
        return "webhook_unwanted", _wants(endpoint)
    if position is None:
        return _without_position(endpoint)
    stands = f"it stands at offset {position.offset}"
    if position.epoch == asked.stream.epoch and position.offset >= asked.offset:
        return _behind(endpoint, asked, stands)
    if position.ended_at is not None:
        return "webhook_ended", f"{stands}; at {time_text(position.ended_at)} its owner could not read the stream"
    if not endpoint.is_active:
        return "webhook_disabled", f"{stands} and is disabled ({_reason(endpoint)})"
    if position.epoch != asked.stream.epoch:
        return "webhook_waiting", f"{stands} of an earlier epoch: it gets {RESET} in place of the events before"
    if position.failures:
        return "webhook_failing", f"{stands}; {_failures(position, asked)}"
    return _on_its_way(position, asked, stands)


def _is_for(endpoint: WebhookEndpoint, asked: Asked) -> bool:
    """Whether the endpoint gets events of this stream and of this type. A pruned event's type is not known."""
    if endpoint.streams is not None and asked.stream.name not in endpoint.streams:
        return False
    return asked.event is None or not endpoint.types or asked.event.type in endpoint.types


def _wants(endpoint: WebhookEndpoint) -> str:
    streams = "all streams" if endpoint.streams is None else ", ".join(endpoint.streams)
    return f"it gets {', '.join(endpoint.types) or 'all types'} of {streams}"


def _without_position(endpoint: WebhookEndpoint) -> tuple[str, str]:
    if not endpoint.is_active:
        return "webhook_disabled", f"no worker had found this stream for it, and it is disabled ({_reason(endpoint)})"
    return "webhook_waiting", "no worker has found this stream for it yet"


def _reason(endpoint: WebhookEndpoint) -> str:
    return endpoint.disabled_reason or "no reason"


def _behind(endpoint: WebhookEndpoint, asked: Asked, stands: str) -> tuple[str, str]:
    """The position is past the event, and no delivery of it is kept."""
    if asked.event is not None and endpoint.created_at > asked.event.at:
        return "webhook_unwanted", f"{stands}; it was made after the event, and begins with what comes next"
    kept = asked.now - timedelta(seconds=conf.WEBHOOK_DELIVERIES_SECONDS)
    return "webhook_sent", f"{stands}, past the event; deliveries before {time_text(kept)} are no longer kept"


def _failures(position: WebhookPosition, asked: Asked) -> str:
    deliveries = WebhookDelivery.objects.using(asked.using)
    last = deliveries.filter(endpoint=position.endpoint_id, message_id=position.message_id).first()
    said = "" if last is None else f", the last with {last.status or last.error or 'no answer'}"
    return (
        f"{position.failures} attempts with the next offset failed since {_time(position.failing_since)}{said}; "
        f"the next is at {time_text(position.due_at)}"
    )


def _on_its_way(position: WebhookPosition, asked: Asked, stands: str) -> tuple[str, str]:
    if position.leased_until is not None and position.leased_until > asked.now:
        return "webhook_waiting", f"{stands}, and a worker sends what comes next"
    at = max(position.due_at, asked.event.at if asked.event else position.due_at)
    waited = (asked.now - at).total_seconds()
    if waited > IDLE_SECONDS:
        return "webhook_idle", f"{stands}, and no worker has taken what comes next for {waited:.0f} s"
    return "webhook_waiting", f"{stands}; the next worker takes what comes next"


def _time(at: datetime | None) -> str:
    return time_text(at) if at else "an unknown time"


BEST_FIRST: Sequence[str] = (
    *("webhook_sent", "webhook_reset", "webhook_failing", "webhook_idle", "webhook_waiting"),
    *("webhook_disabled", "webhook_ended", "webhook_unwanted"),
)
"""Of several webhooks, the verdict that comes first here is the user's."""
