"""What an application does with endpoints. Every function runs inside the caller's transaction, with the row locked.

Which streams an owner may name is the application's to check; that the owner may read them is checked at each delivery.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from tidewire.ground.ids import uuid7
from tidewire.log import heads
from tidewire.log.database import log_alias
from tidewire.log.tables import Stream
from tidewire.rest.conflicts import Conflict
from tidewire.webhooks import leases, secrets
from tidewire.webhooks.tables import WebhookDelivery, WebhookEndpoint, WebhookPosition, WebhookSecret

MAX_ENDPOINTS = 20
"""Of one owner."""
MAX_SECRETS = 3
"""Of one endpoint, that sign at the same time."""
MAX_REQUESTED = 20
"""Pings and redeliveries of one endpoint that wait."""
PING = "webhook.ping"


def require_space(owner: Any) -> None:
    """Raises Conflict when an owner has MAX_ENDPOINTS endpoints already. Call it with the owner's row locked."""
    if WebhookEndpoint.objects.using(log_alias()).of(owner).count() >= MAX_ENDPOINTS:
        text = f"There are {MAX_ENDPOINTS} webhooks already. Delete one that is not used."
        raise Conflict("too_many_webhooks", text)


def create(
    owner: Any,
    *,
    url: str,
    description: str = "",
    types: Sequence[str] = (),
    streams: Sequence[str] | None = None,
    max_events: int = 1,
    made_by: str = "",
    id: UUID | None = None,
) -> WebhookEndpoint:
    """Creates an endpoint that begins with the next event of each of its streams. Its `secret` is shown once."""
    using, now = log_alias(), timezone.now()
    endpoint = WebhookEndpoint(
        id=id or uuid7(),
        owner=str(owner),
        made_by=made_by,
        url=url,
        description=description,
        types=list(types),
        streams=None if streams is None else list(streams),
        max_events=max_events,
        scanned_at=now,
        created_at=now,
        updated_at=now,
    )
    endpoint.save(using=using, force_insert=True)
    endpoint.secret = _add_secret(endpoint, using)
    _begin(endpoint, endpoint.streams or (), using)
    return endpoint


def change(endpoint: WebhookEndpoint, **changes: Any) -> None:
    """Changes `url`, `description`, `types`, `streams`, `max_events` or `state`.

    An endpoint that becomes active, or has another URL, goes on at its positions at once. Streams that are added, and
    those that are named again after the owner lost them, begin with their next event. Other types make other messages,
    with ids of their own.
    """
    using, state = log_alias(), changes.pop("state", endpoint.state)
    is_other = state != endpoint.state or changes.get("url", endpoint.url) != endpoint.url
    had_all = endpoint.streams is None
    endpoint.updated_at = timezone.now()
    for name, value in changes.items():
        setattr(endpoint, name, value)
    if "streams" in changes and not (had_all and endpoint.streams is None):
        _change_streams(endpoint, using)
    if "types" in changes:
        WebhookPosition.objects.using(using).filter(endpoint=endpoint).update(message_id="", until=0)
    if state != endpoint.state:
        endpoint.state = state
        endpoint.disabled_reason = "" if endpoint.is_active else WebhookEndpoint.Reason.OWNER
    if is_other:
        _try_at_once(endpoint, using)
    endpoint.save(using=using)


def _change_streams(endpoint: WebhookEndpoint, using: str) -> None:
    positions = WebhookPosition.objects.using(using).filter(endpoint=endpoint)
    if endpoint.streams is None:
        endpoint.scanned_at = endpoint.updated_at
        return
    positions.exclude(stream__name__in=endpoint.streams).delete()
    positions.exclude(ended_at=None).delete()
    _begin(endpoint, endpoint.streams, using)


def _try_at_once(endpoint: WebhookEndpoint, using: str) -> None:
    """Forgets the failures, and with them how long the receiver has asked to wait."""
    endpoint.failing_since = None
    waiting = WebhookPosition.objects.using(using).filter(endpoint=endpoint)
    waiting.update(failures=0, failing_since=None, asked_until=None, due_at=leases.database_time(using))


def _begin(endpoint: WebhookEndpoint, names: Collection[str], using: str) -> None:
    """Adds positions at the heads of these streams, where there are none."""
    if not names:
        return
    found = heads.positions(names, using)
    ids = dict(Stream.objects.using(using).filter(name__in=names).values_list("name", "pk"))
    now = leases.database_time(using)
    rows = [
        WebhookPosition(endpoint=endpoint, stream_id=ids[name], epoch=at.epoch, offset=at.offset, due_at=now)
        for name, at in found.items()
    ]
    WebhookPosition.objects.using(using).bulk_create(rows, ignore_conflicts=True)


# -- secrets ---------------------------------------------------------------------------------------------------------


def rotate(endpoint: WebhookEndpoint, keep_seconds: float) -> str:
    """Makes another secret, and returns it. The earlier ones go on signing for `keep_seconds`, beside it."""
    using, now = log_alias(), timezone.now()
    until = now + timedelta(seconds=keep_seconds)
    earlier = WebhookSecret.objects.using(using).filter(endpoint=endpoint)
    earlier.filter(expires_at__lte=now).delete()
    earlier.filter(Q(expires_at=None) | Q(expires_at__gt=until)).update(expires_at=until)
    kept = earlier.order_by("-created_at", "-pk").values_list("pk", flat=True)[: MAX_SECRETS - 1]
    earlier.exclude(pk__in=list(kept)).delete()
    secret = _add_secret(endpoint, using)
    endpoint.updated_at = now
    endpoint.save(using=using)
    return secret


def _add_secret(endpoint: WebhookEndpoint, using: str) -> str:
    secret = secrets.new_secret()
    sealed = secrets.seal(secret)
    WebhookSecret.objects.using(using).create(endpoint=endpoint, sealed=sealed, last4=secret[-4:])
    return secret


# -- single attempts -------------------------------------------------------------------------------------------------


def ping(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Asks for one message without an event, also to an endpoint that is disabled. Raises Conflict."""
    using = log_alias()
    _require_few_requests(endpoint, using)
    id, now = uuid7(), timezone.now()
    return WebhookDelivery.objects.using(using).create(
        id=id, endpoint=endpoint, message_id=str(id), type=PING, created_at=now, requested_at=now
    )


def redeliver(delivery: WebhookDelivery) -> None:
    """Asks for one more attempt of a message, with its webhook-id. Raises Conflict."""
    using = log_alias()
    _require_few_requests(delivery.endpoint, using)
    delivery.requested_at, delivery.state = timezone.now(), WebhookDelivery.State.PENDING
    delivery.leased_until = None
    delivery.save(using=using, update_fields=["requested_at", "state", "leased_until"])


def _require_few_requests(endpoint: WebhookEndpoint, using: str) -> None:
    waiting = WebhookDelivery.objects.using(using).filter(endpoint=endpoint, requested_at__isnull=False)
    if waiting.count() >= MAX_REQUESTED:
        raise Conflict("too_many_requests_waiting", f"{MAX_REQUESTED} pings and redeliveries wait already.")
