"""Ephemeral messages for the clients at nodes: a table in which any process leaves them, and the relay finds them.

The relay alone writes into Centrifugo's tables, in its turn: a user who was removed before a message gets no more of
these than of events. A message that has to wait for that longer than LATE_SECONDS is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec
from django.db import connections, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from tidewire.centrifugo import broker, broker_tables
from tidewire.centrifugo.tables import EdgeMessage, EdgeSubscription
from tidewire.engine import ephemeral_messages
from tidewire.layer.messages import Ephemeral

LATE_SECONDS = 5.0
KEPT_SECONDS = 60.0
AT_ONCE = 500
"""Messages of one turn of the relay."""

_ADD = """INSERT INTO {messages} (stream, client, "user", data, at, is_copied)
SELECT stream, client, "user", data, clock_timestamp(), false
FROM json_to_recordset(%s) AS r (stream text, client text, "user" text, data text)
WHERE EXISTS (SELECT 1 FROM {subscriptions} s WHERE s.stream = r.stream)"""


def add(messages: Iterable[Ephemeral], using: str) -> None:
    """Leaves messages for the relay, those of streams that clients at nodes read. One statement."""
    rows = [
        {"stream": each.stream, "client": each.info.client, "user": each.info.user, "data": each.data}
        for each in messages
    ]
    tables = {
        "messages": f'"{EdgeMessage._meta.db_table}"',
        "subscriptions": f'"{EdgeSubscription._meta.db_table}"',
    }
    with connections[using].cursor() as cursor:
        cursor.execute(_ADD.format(**tables), [msgspec.json.encode(rows).decode()])


def are_too_many(client: str, using: str) -> bool:
    """Returns whether a connection at a node has published as many messages lately as it may."""
    since = Now() - timedelta(seconds=ephemeral_messages.BURST / ephemeral_messages.PER_SECOND)
    lately = EdgeMessage.objects.using(using).filter(client=client, at__gt=since)
    return lately.count() >= ephemeral_messages.BURST


def waiting(using: str) -> list[EdgeMessage]:
    """Returns the messages that the relay has to copy, and leaves out those that it is too late for."""
    found = EdgeMessage.objects.using(using).filter(is_copied=False)
    late = found.filter(at__lt=Now() - timedelta(seconds=LATE_SECONDS))
    late.update(is_copied=True)
    return list(found.order_by("pk")[:AT_ONCE])


def copy(found: Sequence[EdgeMessage], using: str) -> None:
    """Copies these messages, inside the transaction that holds the lock."""
    if found:
        broker_tables.append_ephemeral(found, using)
        EdgeMessage.objects.using(using).filter(pk__in=[each.pk for each in found]).update(is_copied=True)


def forget_old(using: str) -> int:
    """Deletes messages that are a minute old, here and in Centrifugo's tables. Returns how many, at most AT_ONCE."""
    old = EdgeMessage.objects.using(using).filter(at__lt=Now() - timedelta(seconds=KEPT_SECONDS))
    return _forget(old, KEPT_SECONDS, using)


def forget_account(user: str, using: str) -> int:
    """Deletes messages of an account. Returns how many, at most AT_ONCE."""
    return _forget(EdgeMessage.objects.using(using).filter(user=user), 0, using)


def _forget(rows: QuerySet[EdgeMessage], seconds: float, using: str) -> int:
    """Deletes these messages, and with them all rows of their streams without a position that are as old."""
    with transaction.atomic(using):
        found = dict(rows.values_list("pk", "stream")[:AT_ONCE])
        if found and broker.exist(using):
            broker_tables.forget_ephemeral(set(found.values()), seconds, using)
        return EdgeMessage.objects.using(using).filter(pk__in=list(found)).delete()[0] if found else 0
