"""Lets counters begin at 0 with the process, for all labels that are known beforehand.

Prometheus sees the growth of a series that is there. One that appears with its first count has not grown, so an alert
by `rate()` or `increase()` would miss that count.
"""

from __future__ import annotations

from tidewire.declare.registry import registry
from tidewire.ground import metrics
from tidewire.ground.metrics import begin_at_zero
from tidewire.jobs import chores
from tidewire.protocol.codes import Disconnect, Unsubscribe, rows

REFUSED_MESSAGES = ("unsigned", "forged", "stale", "replayed", "malformed")
"""Why a message of the channel layer is refused."""
CUT_OFFS = ("unread_too_long", "unread_bytes", "idle", "surplus")
"""Why the server ends an HTTP connection."""
REVOCATIONS = "revocations"
"""In the place of a stream kind: the revocation log."""
REPLICA_OUTCOMES = ("replica", "behind", "away", "failed", "promoted")
"""Which server a read was served by, or why by the primary."""


def begin() -> None:
    """Makes the series of this process, at 0 where nothing was counted. Called when an engine starts, which is when all
    stream kinds are declared."""
    begin_at_zero(metrics.disconnects, [code.code for code in rows(Disconnect)])
    begin_at_zero(metrics.unsubscribes, [code.code for code in rows(Unsubscribe)])
    begin_at_zero(metrics.recoveries, ["recovered", "refused"])
    begin_at_zero(metrics.layer_refused, REFUSED_MESSAGES)
    begin_at_zero(metrics.cut_offs, CUT_OFFS)
    begin_at_zero(metrics.replica_reads, REPLICA_OUTCOMES)
    begin_at_zero(metrics.chore_failures, chores.names())
    begin_at_zero(metrics.chore_seconds, chores.names())
    begin_at_zero(metrics.restarts, [*registry.kinds, REVOCATIONS])
    for counter in (metrics.dispatched, metrics.deliveries, metrics.healed, metrics.shortened):
        begin_at_zero(counter, registry.kinds)
    for histogram in (metrics.delivery_seconds, metrics.event_bytes):
        begin_at_zero(histogram, registry.kinds)
