"""The relay: copies the events of our log to Centrifugo's tables, and ends there what must end first.

One transaction at a time: any number of relays may run, and take turns. A transaction begins with the revocation log.
Of each stream it then takes the next events, up to one whose revocations are not carried out yet, and asks who may
still read. A user who may not is unsubscribed on every node before the event that ends the access is copied. When a
node does not answer then, nothing is copied to any: it may deliver, but it cannot learn who must not get what. Copying
an event twice is harmless, because a node ignores an offset that it had. Ephemeral messages come last, and only of
streams whose events are all copied.

When an account begins to be erased in slices, what names it leaves the nodes' rows, as it leaves the pages of the log.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from django.db import Error, close_old_connections, transaction

from tidewire.centrifugo import broker, broker_tables, messages, revoking, settling
from tidewire.centrifugo.broker import UnknownBrokerError
from tidewire.centrifugo.broker_tables import WINDOW, Copied
from tidewire.centrifugo.nodes import End, NodeAwayError, Nodes
from tidewire.centrifugo.tables import EdgeMessage, EdgeSubscription
from tidewire.declare.live import EVERYONE
from tidewire.declare.registry import registry
from tidewire.engine import access
from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.ground.positions import Entries, Entry, Position
from tidewire.ground.streams import REVOCATIONS
from tidewire.log import erasure, heads, pages
from tidewire.log.database import log_alias

POLL_SECONDS = 0.02
"""How often the relay looks at the streams that were written or subscribed to lately."""
FULL_SECONDS = 2.0
"""How often it looks at all."""
AWAY_SECONDS = 0.5
"""Between two tries while a node or the database is away."""
STREAMS = 200
"""Streams of one transaction."""
STUCK_SECONDS = 120.0

logger = logging.getLogger(__name__)


Behind = tuple[Position, Position]
"""The head of a stream in our log, and the position that the nodes have."""


class Relay:
    """Copies until it is stopped. Runs in one thread."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes, self._stopping = nodes, threading.Event()
        self._full_at = 0.0
        self._hidden: set[str] = set()
        self._turned_at = time.monotonic()

    @property
    def is_alive(self) -> bool:
        """Whether the loop of `run` has turned lately, whatever nodes and database say. May be asked by any thread."""
        return time.monotonic() - self._turned_at < STUCK_SECONDS

    def stop(self) -> None:
        """Makes `run` return after the transaction that it is in. Safe to call from a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Works until `stop` was called. Raises UnknownBrokerError at the start, and never later."""
        broker.check(log_alias())
        while not self._stopping.is_set():
            self._turned_at = time.monotonic()
            try:
                copied = self.turn()
                metrics.relay_turned_at.set(time.time())
            except Exception as error:
                self._failed(error)
                continue
            if not copied:
                self._stopping.wait(POLL_SECONDS)

    def _failed(self, error: Exception) -> None:
        """Waits a moment, after which the turn is tried again: on a new connection, if the database closed this one."""
        metrics.relay_failures.inc()
        is_expected = isinstance(error, NodeAwayError | UnknownBrokerError | Error)
        logger.warning(
            "nothing is copied to Centrifugo, will be tried again: %s", error, exc_info=None if is_expected else error
        )
        close_old_connections()
        self._stopping.wait(AWAY_SECONDS)

    def turn(self) -> int:
        """Copies what is new, in one transaction. Returns how many events that were. Raises NodeAwayError, and
        django.db.Error."""
        using, is_full = log_alias(), time.monotonic() >= self._full_at
        seconds = None if is_full else conf.TOUCHED_SECONDS
        hidden = erasure.hidden_users(using)
        is_new = not hidden <= self._hidden or not revoking.is_done(using)
        if not is_new and not broker_tables.behind(1, using, seconds) and not messages.waiting(using):
            self._note(is_full)
            return 0
        with transaction.atomic(using):
            broker.take_turn(using)
            for user in hidden - self._hidden:
                broker_tables.hide(user, using)
            waiting = messages.waiting(using)  # first: all that ended an access before one of them is found below
            revoked = revoking.carry_out(self._nodes, using)
            found = broker_tables.behind(STREAMS, using, seconds)
            copied = [each for each in (self._next(*pair, revoked, using) for pair in found) if each is not None]
            broker.lock(using)  # only now: a node that ends a subscription says so to the others, under this lock
            broker_tables.append(copied, using)
            ephemeral = _due(waiting, revoked, found, copied, using)
            messages.copy(ephemeral, using)
            erasing = [each.head.channel for each in copied if _erases(each.head.channel, each.entries)]
            broker_tables.follow_erasures(erasing, using)
        self._hidden = hidden
        self._note(is_full and len(found) < STREAMS)
        return sum(len(each.entries) for each in copied) + len(ephemeral)

    def _note(self, is_full: bool) -> None:
        if is_full:
            messages.forget_old(log_alias())
            self._full_at = time.monotonic() + FULL_SECONDS

    def _next(self, head: Position, theirs: Position, revoked: int, using: str) -> Copied | None:
        """Returns the next events of a stream for the nodes; None where they have to wait."""
        is_same = theirs.epoch == head.epoch and theirs.offset <= head.offset
        page = pages.read_after(head.channel, theirs.offset if is_same else head.offset - WINDOW, using=using)
        entries = list(page.entries)
        for index, entry in enumerate(entries):
            if entry.revocation_offset > revoked or (entry.ends_access and not self._end(head.channel, entry, using)):
                entries = entries[:index]
                break
        if not entries and (page.entries or is_same):
            return None
        offset = entries[-1].offset if entries else head.offset
        is_continuous = is_same and entries[0].offset == theirs.offset + 1
        return Copied(Position(head.channel, page.head.epoch, offset), Entries(entries), is_continuous)

    def _end(self, stream: str, entry: Entry, using: str) -> bool:
        """Ends the subscriptions of users who may no longer read. Returns whether that is certain.

        The access is read after the event, so it is what the event has left or younger.
        """
        rows = EdgeSubscription.objects.using(using).filter(stream=stream)
        if entry.ends_access != EVERYONE:
            rows = rows.filter(user=entry.ends_access)
        found = list(rows)
        users = {row.user for row in found}
        ended = users - access.readers(stream, users) if users else set()
        gone = [row for row in found if row.user in ended]
        self._nodes.unsubscribe(End(stream, user) for user in sorted(ended))
        return settling.forget_settled(gone, using)


def _due(
    waiting: Sequence[EdgeMessage], revoked: int, found: Sequence[Behind], copied: Sequence[Copied], using: str
) -> list[EdgeMessage]:
    """Returns the ephemeral messages, of those that wait, before which no access has ended that has yet to be ended at
    the nodes."""
    if not waiting or len(found) == STREAMS or heads.position(REVOCATIONS, using).offset > revoked:
        return []
    reached = {each.head.channel: each.head.offset for each in copied}
    blocked = {head.channel for head, _ in found if reached.get(head.channel, -1) < head.offset}
    return [each for each in waiting if each.stream not in blocked]


def _erases(stream: str, entries: Sequence[Entry]) -> bool:
    return any(registry.is_deletion(stream, entry.type) for entry in entries)
