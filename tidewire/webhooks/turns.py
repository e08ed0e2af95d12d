"""One turn of a worker, in one transaction: stores the outcomes of attempts, takes what is due, and returns the next
messages.

Nothing is sent that the database does not know of: a position is leased, and its message fixed, before the turn ends. A
position moves on only with an outcome of 2xx, and only for the worker that still has it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.db.models import Value
from django.db.models.functions import Coalesce, Greatest

from tidewire.ground.actors import SYSTEM, acting_as
from tidewire.ground.conf import conf
from tidewire.log.database import log_alias
from tidewire.transactions.writes import retried, write_transaction
from tidewire.webhooks import attempts, erasure, leases, notices, reading, requests, retries, secrets
from tidewire.webhooks.outcomes import Message, Outcome
from tidewire.webhooks.places import Places
from tidewire.webhooks.tables import WebhookDelivery, WebhookEndpoint, WebhookPosition, WebhookSecret

GONE = 410
DOWN_SECONDS = 60.0
"""After so many seconds without a success, the first one makes all positions of an endpoint due at once."""
IN_A_ROW = 16
"""Messages of one position that a worker sends before others of the endpoint have their turn."""


@dataclass(slots=True)
class Work:
    """What a worker brings to a turn. `busy` are the messages under way of each endpoint, `under_way` the positions of
    these messages, `in_a_row` how many messages each position has had in a row."""

    outcomes: Sequence[Outcome] = ()
    busy: Mapping[UUID, int] = field(default_factory=dict)
    in_a_row: Mapping[int, int] = field(default_factory=dict)
    under_way: Collection[int] = ()
    renews: bool = False
    claims: bool = True
    only_touched: bool = False
    is_requested: bool = True
    """Whether there may be pings or redeliveries to do."""


@dataclass(slots=True)
class Turned:
    """What a worker does next. `next_at` is when the first of the failed attempts is due again."""

    messages: list[Message] = field(default_factory=list)
    has_more: bool = False
    next_seconds: float | None = None


def take(worker: str, work: Work) -> Turned:
    """Takes one turn. Raises what the database raises; nothing has happened then, and the outcomes are still to be
    stored."""

    using = log_alias()
    due = (
        leases.due(leases.database_time(using), work.busy, using, only_touched=work.only_touched) if work.claims else []
    )
    if not due and not work.outcomes and not work.renews and not work.is_requested:
        return Turned()  # without a transaction, which on SQLite would make other writers wait

    def once() -> Turned:
        with write_transaction(using), acting_as(SYSTEM):
            return Turn(worker, using).take(work, due)

    return retried(once)


class Turn:
    """The state of one turn."""

    def __init__(self, worker: str, using: str) -> None:
        self._worker, self._using = worker, using
        self._now = leases.database_time(using)
        self._next_at: datetime | None = None
        self._is_back = False
        self._endpoints: dict[UUID, WebhookEndpoint] = {}
        self._secrets: dict[UUID, tuple[str, ...]] = {}

    def take(self, work: Work, due: Sequence[int]) -> Turned:
        """Takes the turn; `due` are positions that seem to be due, which is checked again when they are taken."""
        if work.renews and work.under_way:
            leases.renew(self._worker, work.under_way, self._now, self._using)
        settled = self._settle(work.outcomes)
        leased = [row for row in settled if row.lease]
        going_on = [row for row in leased if work.claims and work.in_a_row.get(row.pk, 0) < IN_A_ROW]
        for row in leased:
            if row not in going_on:
                leases.release(row)
        claimed: list[WebhookPosition] = []
        requested: list[WebhookDelivery] = []
        if work.claims:
            taken = {outcome.message.position for outcome in work.outcomes}.union(work.under_way)
            claimed = leases.claim(self._worker, self._now, [id for id in due if id not in taken], self._using)
            requested = requests.claim(self._now, self._using) if work.is_requested else []
        self._load({row.endpoint_id for row in [*going_on, *claimed, *requested]})
        places = self._proceed([*going_on, *claimed])
        leases.store([*settled, *claimed], self._using)
        made = requests.messages_of(requested, self._endpoints, self._secrets, self._now, self._using)
        has_more = self._is_back or places.has_more or len(claimed) == leases.CLAIMS or len(going_on) < len(leased)
        wait = None if self._next_at is None else (self._next_at - self._now).total_seconds()
        return Turned([*places.messages, *made], has_more, wait)

    # -- what was sent -----------------------------------------------------------------------------------------------

    def _settle(self, outcomes: Sequence[Outcome]) -> list[WebhookPosition]:
        """Stores the outcomes. Returns the positions that this worker still has, changed and not yet stored. Those
        that go on keep their lease."""
        outcomes = erasure.without_erased(outcomes, self._using)
        of_positions = {each.message.position: each for each in outcomes if each.message.position is not None}
        of_requests = [each for each in outcomes if each.message.delivery is not None]
        requests.settle(of_requests, self._using)
        self._disable_gone(of_requests)
        if not of_positions:
            return []
        mine = leases.mine(self._worker, of_positions.keys(), self._using)
        endpoints = WebhookEndpoint.objects.using(self._using).in_bulk({row.endpoint_id for row in mine.values()})
        settled, stored = [], []
        # In the order of endpoints, whose rows two workers may change at the same time.
        for pk, row in sorted(mine.items(), key=lambda item: (item[1].endpoint_id, item[0])):
            outcome, endpoint = of_positions[pk], endpoints.get(row.endpoint_id)
            if endpoint is None or row.message_id != outcome.message.id:
                continue  # the endpoint was deleted, or the position was moved meanwhile
            stored.append(attempts.row_of(outcome, row.failures + 1, self._apply(row, endpoint, outcome)))
            settled.append(row)
        attempts.store(stored, self._using)
        return settled

    def _disable_gone(self, outcomes: Sequence[Outcome]) -> None:
        """Disables the endpoints that answered a ping or a redelivery with 410, unless they have another URL by now."""
        gone = {each.message.endpoint: each.message.url for each in outcomes if each.status == GONE}
        for endpoint in WebhookEndpoint.objects.using(self._using).filter(pk__in=gone).order_by("pk"):
            if endpoint.is_active and endpoint.url == gone[endpoint.pk]:
                notices.disable(endpoint, WebhookEndpoint.Reason.GONE, "", self._using)

    def _apply(self, row: WebhookPosition, endpoint: WebhookEndpoint, outcome: Outcome) -> datetime | None:
        """Moves a position on, or puts it off. Returns when the next attempt is, or None where there is none."""
        if outcome.is_success:
            row.epoch, row.offset = outcome.message.epoch, outcome.message.last or 0
            row.message_id, row.until, row.failures, row.failing_since, row.asked_until = "", 0, 0, None, None
            row.due_at = self._now
            row.leased_until = self._now + timedelta(seconds=conf.WEBHOOK_LEASE_SECONDS)
            self._succeeded(endpoint)
            return None
        row.failures += 1
        row.failing_since = row.failing_since or self._now
        asked = outcome.retry_after
        row.asked_until = None if asked is None else self._now + timedelta(seconds=retries.bounded(asked))
        row.due_at = max(self._now + timedelta(seconds=retries.delay(row.failures)), row.asked_until or self._now)
        leases.release(row)
        return row.due_at if self._failed(endpoint, row, outcome) else None

    def _succeeded(self, endpoint: WebhookEndpoint) -> None:
        """Ends the failure of an endpoint. What waited is due at once, or when the receiver has asked for it."""
        since = endpoint.failing_since
        if since is None:
            return
        endpoint.failing_since = None
        endpoint.save(using=self._using, update_fields=["failing_since"])
        if (self._now - since).total_seconds() > DOWN_SECONDS:
            waiting = WebhookPosition.objects.using(self._using).filter(endpoint=endpoint, failures__gt=0)
            at_once = Greatest(Coalesce("asked_until", Value(self._now)), Value(self._now))
            self._is_back |= waiting.filter(due_at__gt=self._now).update(due_at=at_once) > 0

    def _failed(self, endpoint: WebhookEndpoint, row: WebhookPosition, outcome: Outcome) -> bool:
        """Notes a failure on the endpoint. Returns whether there will be another attempt. A 410 counts unless it is of
        an earlier URL."""
        is_gone = outcome.status == GONE and outcome.message.url == endpoint.url
        stream = row.stream.name if is_gone or self._is_over(row) else ""
        if stream and endpoint.is_active:
            reason = WebhookEndpoint.Reason.GONE if is_gone else WebhookEndpoint.Reason.FAILING
            notices.disable(endpoint, reason, stream, self._using)
        elif endpoint.failing_since is None:
            endpoint.failing_since = self._now
            endpoint.save(using=self._using, update_fields=["failing_since"])
        if endpoint.is_active:
            self._next_at = min(self._next_at or row.due_at, row.due_at)
        return endpoint.is_active

    def _is_over(self, row: WebhookPosition) -> bool:
        since = row.failing_since
        return since is not None and (self._now - since).total_seconds() >= conf.WEBHOOK_GIVE_UP_SECONDS

    # -- what comes next ---------------------------------------------------------------------------------------------

    def _load(self, ids: Collection[UUID]) -> None:
        """Reads the endpoints and unseals their secrets. One that has no secret which can be unsealed is disabled."""
        endpoints = WebhookEndpoint.objects.using(self._using).in_bulk(list(ids))
        secrets_of: dict[UUID, list[str]] = {id: [] for id in endpoints}
        for secret in WebhookSecret.objects.using(self._using).filter(endpoint__in=endpoints).order_by("pk"):
            if secret.is_valid(self._now):
                secrets_of[secret.endpoint_id].append(secret.sealed)
        for endpoint in endpoints.values():
            self._secrets[endpoint.pk] = tuple(_openable(secrets_of[endpoint.pk]))
            if not self._secrets[endpoint.pk] and endpoint.is_active:
                notices.disable(endpoint, WebhookEndpoint.Reason.SECRET_LOST, "", self._using)
        self._endpoints = endpoints

    def _proceed(self, rows: Iterable[WebhookPosition]) -> Places:
        active: list[WebhookPosition] = []
        for row in rows:
            endpoint = self._endpoints.get(row.endpoint_id)
            if endpoint is not None and endpoint.is_active:
                active.append(row)
            else:
                leases.release(row)
        # What was settled is not stored yet: the events are read after the offsets of these rows, not of the table's.
        read = reading.read(active, self._endpoints, self._using)
        places = Places(read, self._endpoints, self._secrets, self._now, self._using)
        for row in active:
            places.proceed(row)
        return places


def _openable(sealed: Iterable[str]) -> Iterator[str]:
    """Yields the secrets, without those that are lost."""
    for text in sealed:
        with suppress(secrets.SealError):
            yield _unsealed(text, settings.SECRET_KEY)


@lru_cache(4096)
def _unsealed(sealed: str, key: str) -> str:
    """As `secrets.unseal`, whose result depends on the settings' `key`."""
    return secrets.unseal(sealed)
