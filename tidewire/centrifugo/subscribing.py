"""Decides for a node of Centrifugo whether a client may subscribe, and waits until the node can serve its position."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.utils.module_loading import import_string

from tidewire.centrifugo import broker_tables
from tidewire.centrifugo.broker_tables import WINDOW
from tidewire.centrifugo.settling import PROXY_SECONDS
from tidewire.centrifugo.tables import EdgeSubscription
from tidewire.declare.registry import registry
from tidewire.engine import access
from tidewire.ground import streams
from tidewire.ground.conf import conf
from tidewire.ground.credentials import ExpiredCredential, Identity, InvalidCredential
from tidewire.ground.positions import Position
from tidewire.log import heads
from tidewire.log.database import log_alias
from tidewire.protocol.codes import Code, ErrorCode

ALLOWED_SECONDS = 12 * 3600
"""How long a subscription is allowed. The node asks again then: an older row is of a client that is gone."""
WAIT_SECONDS = 0.7 * PROXY_SECONDS
SENT_SECONDS = 0.1
"""How long a node may take to send rows that were copied. It takes some milliseconds, and more on a busy machine."""
LOOK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Client:
    """A connection at a node, and what its credential was."""

    id: str
    user: str
    meta: dict[str, Any]

    @property
    def session(self) -> str:
        return str(self.meta.get("sid", ""))


def identity_of(client: Client) -> Identity:
    """Returns the identity of a connection now. Raises InvalidCredential or ExpiredCredential when its session or key
    has ended."""
    identity: Identity = import_string(conf.CENTRIFUGO_IDENTITY)(client.user, client.meta)
    if identity.user_id != client.user or identity.session_id != client.session:
        raise InvalidCredential
    return identity


def subscribe(client: Client, channel: str) -> Code | None:
    """Allows a subscription, once the node can serve it. Returns the error that refuses it, or None."""
    head = allow(client, channel)
    if isinstance(head, Code):
        return head
    return None if _wait(head, log_alias()) else ErrorCode.INTERNAL


def allow(client: Client, channel: str) -> Position | Code:
    """Allows a subscription that begins or goes on. Returns the head of its stream, or the error that refuses it.

    The row comes first and the access afterwards: an event that ends an access which was found is younger than the row,
    so the relay finds the row. The position is read before the access, as for every subscription. A stream of which the
    access is refused is not created.

    A refusal deletes the row that it has made, and no other: a subscription that goes on until the node has the answer
    is ended by the relay, which finds it by its row.
    """
    using, stream = log_alias(), streams.canonical(channel)
    if stream != channel or not streams.parse(stream) or not registry.kind_of(stream):
        return ErrorCode.PERMISSION_DENIED  # a node has one stream for one name: capitals would be another
    if not client.session:
        return ErrorCode.UNAUTHORIZED
    is_new = _note(client, stream, using)
    head = heads.existing([stream], using).get(stream)
    try:
        is_allowed = identity_of(client).may_read(stream) and stream in access.permitted(client.user, [stream])
    except (InvalidCredential, ExpiredCredential):
        is_allowed = False
    if not is_allowed:
        if is_new:
            EdgeSubscription.objects.using(using).filter(client=client.id, stream=stream).delete()
        return ErrorCode.PERMISSION_DENIED
    return head or Position(stream, heads.position(stream, using).epoch, 0)


_NOTE = """INSERT INTO {table} (client, stream, "user", session, asked_at)
VALUES (%s, %s, %s, %s, clock_timestamp())
ON CONFLICT (client, stream) DO UPDATE SET asked_at = EXCLUDED.asked_at RETURNING xmax = 0"""


def _note(client: Client, stream: str, using: str) -> bool:
    """Writes down that a node has asked. Returns whether the row is new."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            _NOTE.format(table=f'"{EdgeSubscription._meta.db_table}"'), [client.id, stream, client.user, client.session]
        )
        return bool(cursor.fetchone()[0])


def _wait(head: Position, using: str) -> bool:
    """Waits until the nodes' tables have a stream up to this position, and for as long as a node needs to send that.
    Returns whether they have it in time: the client tries again otherwise.

    Without it, a client that comes from REST would be ahead of the node. And a node hands a client everything that it
    sends while the client subscribes, also what is older than the position that the client has.
    """
    until = time.monotonic() + WAIT_SECONDS
    while True:
        found = broker_tables.position(head.channel, using)
        if found is None:
            broker_tables.begin(Position(head.channel, head.epoch, max(0, head.offset - WINDOW)), using)
        elif found[0].epoch == head.epoch and found[0].offset >= head.offset:
            time.sleep(max(0.0, SENT_SECONDS - found[1]))
            return True
        elif time.monotonic() >= until:
            return False
        else:
            time.sleep(LOOK_SECONDS)
