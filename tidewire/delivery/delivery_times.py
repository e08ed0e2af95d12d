"""How long events take from their COMMIT to the write of their frames, and the last spans of their traces.

Once per event, not once per socket.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from tidewire.delivery.flusher import Flusher
from tidewire.ground import metrics, tracing
from tidewire.ground.positions import Entry

AT = '"at":"'
AT_CHARACTERS = 300
"""The time stands near the beginning of an event, after its type and its id."""


class DeliveryTimes:
    """Observes the time of each event that was dispatched, when the flusher has written its frames.

    The clocks of two machines may differ: below 0 counts as 0. An event that was healed has no time of its COMMIT; its
    own `at` is a little earlier.
    """

    def __init__(self, flusher: Flusher) -> None:
        self._flusher = flusher
        self._observers: dict[str, Callable[[float], None]] = {}

    def note(self, kind: str, entry: Entry, began_at_ns: int = 0, subscriptions: int = 0) -> None:
        """Called after the event's frames were enqueued for so many subscriptions. `began_at_ns` is the Unix time
        before, where tracing is on."""
        if entry.trace and began_at_ns:
            self._trace(kind, entry, began_at_ns, subscriptions)
        if not self._flusher.is_due:  # no subscription took the event
            return
        began_at = entry.committed_at or recorded_at(entry.payload)
        if not began_at:
            return
        observe = self._observers.get(kind)
        if observe is None:
            observe = self._observers[kind] = metrics.delivery_seconds.labels(kind).observe
        self._flusher.after(lambda: observe(max(0.0, time.time() - began_at)))

    def _trace(self, kind: str, entry: Entry, began_at_ns: int, subscriptions: int) -> None:
        """Makes the spans `dispatch`, which ends now, and `send`, which ends when the frames are written."""
        attributes: tracing.Attributes = {
            "stream.kind": kind,
            "event.type": entry.type,
            "event.offset": entry.offset,
            "subscriptions": subscriptions,
        }
        dispatch = tracing.begin_of("dispatch", entry.trace, began_at_ns, attributes)
        tracing.end(dispatch)
        if self._flusher.is_due:
            send = tracing.begin_under("send", dispatch)
            self._flusher.after(lambda: tracing.end(send))


def recorded_at(payload: str) -> float:
    """Returns the `at` of an event's JSON as Unix time, 0 where it has none."""
    _, _, rest = payload[:AT_CHARACTERS].partition(AT)
    try:
        return datetime.fromisoformat(rest.partition('"')[0]).timestamp()
    except ValueError:
        return 0.0
