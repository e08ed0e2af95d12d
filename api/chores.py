"""The product's chores: what is deleted so that no table grows for ever. The engine has its own for the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.sessions.models import Session as LoginSession
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from api.models import Key, KnownNetwork, Message, Reaction, Series, Session, User
from api.models.samples import microseconds
from tidewire import chore
from tidewire.erasure import forget_connections, logged_users

BATCH = 500
KEEP_REVOKED_KEYS = timedelta(days=30)
"""How long the row of a revoked key can be looked up, by an operator who asks when it was revoked."""

WRITTEN_BY: tuple[tuple[Any, str], ...] = ((Message, "author"), (Reaction, "user"))
"""What shows the account that wrote it."""


@chore("sessions")
def prune_sessions(using: str) -> Iterator[int]:
    """Deletes sessions that no valid token names."""
    return _until_none(lambda: Session.objects.using(using).prune())


@chore("known networks")
def prune_known_networks(using: str) -> Iterator[int]:
    """Deletes networks from which an account was not signed in to for a month."""
    return _until_none(lambda: KnownNetwork.objects.using(using).prune())


@chore("keys")
def prune_keys(using: str) -> Iterator[int]:
    """Deletes keys that were revoked a month ago."""
    return _delete(Key.objects.using(using).filter(ended_at__lt=timezone.now() - KEEP_REVOKED_KEYS))


@chore("service accounts")
def prune_service_accounts(using: str) -> Iterator[int]:
    """Deletes closed service accounts whose keys are deleted, unless they wrote a message or a reaction."""
    written = [model.objects.using(using).filter(**{column: OuterRef("pk")}) for model, column in WRITTEN_BY]
    keys = Key.objects.using(using).filter(user=OuterRef("pk"))
    closed = User.objects.using(using).filter(is_service=True, is_active=False)
    return _delete(closed.exclude(Exists(keys)).exclude(Exists(written[0])).exclude(Exists(written[1])))


@chore("erased accounts")
def prune_erased_accounts(using: str) -> Iterator[int]:
    """Deletes what the logbook holds of accounts that are gone: a process may write down the end of a connection some
    seconds after the account was erased."""
    for users in logged_users(using):
        known = User._base_manager.using(using).filter(pk__in=users).values_list("pk", flat=True)
        yield sum(forget_connections(user, using) for user in set(users) - {str(pk) for pk in known})


@chore("admin sessions")
def prune_admin_sessions(using: str) -> Iterator[int]:
    """Deletes expired sessions of the admin, as Django's `clearsessions` does."""
    return _delete(LoginSession.objects.using(using).filter(expire_date__lt=timezone.now()))


@chore("samples")
def prune_samples(using: str) -> Iterator[int]:
    """Deletes samples that are older than their metric keeps them, except the latest."""
    now = timezone.now()
    for series in Series.objects.using(using).exclude(metric=None).select_related("metric").iterator():
        before = microseconds(now - timedelta(days=series.metric.retention_days))
        yield from _until_none(partial(series.prune, before))


def _delete(rows: QuerySet[Any]) -> Iterator[int]:
    """Deletes these rows, BATCH at a time."""

    def delete_some() -> int:
        keys = list(rows.values_list("pk", flat=True)[:BATCH])
        return rows.filter(pk__in=keys).delete()[0] if keys else 0

    return _until_none(delete_some)


def _until_none(delete_some: Callable[[], int]) -> Iterator[int]:
    """Yields what `delete_some` returns, until that is 0."""
    while some := delete_some():
        yield some
