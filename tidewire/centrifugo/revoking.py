"""Carries out the revocation log on the nodes: what it ends is ended there before any later event is copied."""

from __future__ import annotations

from collections.abc import Sequence

from tidewire.centrifugo import settling
from tidewire.centrifugo.nodes import End, Nodes
from tidewire.centrifugo.tables import EdgePosition, EdgeSubscription
from tidewire.ground.disconnections import disconnection_of
from tidewire.ground.positions import Entry
from tidewire.ground.revoked_sessions import remember_seconds, sessions_of
from tidewire.ground.streams import REVOCATIONS
from tidewire.log import heads, pages
from tidewire.protocol.codes import Disconnect


def is_done(using: str) -> bool:
    """Returns whether the revocation log has nothing new. Two queries, outside any transaction."""
    head = heads.existing([REVOCATIONS], using).get(REVOCATIONS)
    done = EdgePosition.objects.using(using).filter(stream=REVOCATIONS).first()
    return head is None or (done is not None and (done.epoch, done.offset) == (head.epoch, head.offset))


def carry_out(nodes: Nodes, using: str) -> int:
    """Carries out what is new in the revocation log. Returns the offset up to which that is done. Raises NodeAwayError.

    Runs inside the relay's transaction. Stops before an entry that ends a subscription which a node may
    just be making: it is carried out again, and later entries after it.
    """
    done = EdgePosition.objects.using(using).filter(stream=REVOCATIONS).first()
    head = heads.position(REVOCATIONS, using)
    if done is not None and (done.epoch, done.offset) == (head.epoch, head.offset):
        return head.offset
    is_next = done is not None and done.epoch == head.epoch and done.offset <= head.offset
    offset = done.offset if done is not None and is_next else 0
    page = pages.read_after(REVOCATIONS, offset, using=using) if is_next else _remembered(using)
    for entry in page.entries:
        if not _carry_out(entry, nodes, using):
            break
        offset = entry.offset
    else:
        offset = max(offset, page.entries[-1].offset if page.entries else page.head.offset)
    EdgePosition.objects.using(using).update_or_create(
        stream=REVOCATIONS, defaults={"epoch": page.head.epoch, "offset": offset}
    )
    return offset


def _remembered(using: str) -> pages.Page:
    """Returns the revocations that a token can have outlived: where the log has another epoch, or none was done."""
    return pages.read_recent(REVOCATIONS, remember_seconds(), using)


def _carry_out(entry: Entry, nodes: Nodes, using: str) -> bool:
    """Ends what one entry names. Returns whether that is certain."""
    sessions = sessions_of(entry.payload)
    if sessions:
        rows = EdgeSubscription.objects.using(using).filter(session__in=sessions)
        return _end(list(rows), nodes, using, is_final=True)
    disconnection = disconnection_of(entry.payload)
    if disconnection is not None:
        code = Disconnect.FORCE_NO_RECONNECT if disconnection.is_final else Disconnect.FORCE_RECONNECT
        nodes.disconnect(disconnection.user_id, disconnection.connection_ids, [], code)
    return True


def _end(rows: Sequence[EdgeSubscription], nodes: Nodes, using: str, *, is_final: bool) -> bool:
    code = Disconnect.FORCE_NO_RECONNECT if is_final else Disconnect.FORCE_RECONNECT
    for user in sorted({row.user for row in rows}):
        ends = [End(row.stream, user, row.client) for row in rows if row.user == user]
        nodes.disconnect(user, sorted({end.client for end in ends}), ends, code)
    return settling.forget_settled(rows, using)
