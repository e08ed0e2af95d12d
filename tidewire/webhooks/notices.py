"""What the owner of an endpoint must know although no request reaches it. An application makes events of it."""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal
from django.utils import timezone

from tidewire.webhooks.tables import WebhookEndpoint

noticed = Signal()
"""Sent inside the transaction with `endpoint`, `type` (DISABLED, STREAM_ENDED or POSITION_LOST), `stream` (its name, or
""), `reason` (why it was disabled, or "") and `using`."""

DISABLED = "webhook.disabled"
STREAM_ENDED = "webhook.stream_ended"
POSITION_LOST = "webhook.position_lost"


def disable(endpoint: WebhookEndpoint, reason: str, stream: str, using: str) -> None:
    """Disables an endpoint, and notices its owner. Its positions stay where they are."""
    endpoint.state, endpoint.disabled_reason = WebhookEndpoint.State.DISABLED, reason
    endpoint.updated_at = timezone.now()
    endpoint.save(using=using, update_fields=["state", "disabled_reason", "updated_at", "version"])
    send(endpoint, DISABLED, using, stream=stream, reason=reason)


def send(endpoint: WebhookEndpoint, type: str, using: str, *, stream: str = "", reason: str = "") -> None:
    arguments: dict[str, Any] = {"endpoint": endpoint, "type": type, "stream": stream, "reason": reason}
    noticed.send(WebhookEndpoint, using=using, **arguments)
