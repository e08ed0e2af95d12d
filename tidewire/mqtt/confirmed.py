"""What a broker has confirmed and may have lost: one that is killed forgets what it had not saved yet.

A position is stored with an earlier one, up to which the broker confirmed all events MQTT_SAVE_SECONDS ago or longer.
When the bridge connects, it publishes the events after the earlier one again.
"""

from __future__ import annotations

from collections import OrderedDict, deque

from tidewire.ground.conf import conf
from tidewire.mqtt.reading import Run

_Steps = deque[tuple[float, int]]
"""(when it was confirmed, offset), the oldest first. The first is the one that counts as saved."""


class Confirmed:
    """Remembers when events were confirmed, for MQTT_SAVE_SECONDS. Belongs to one connection to the broker."""

    def __init__(self) -> None:
        self._streams: OrderedDict[int, _Steps] = OrderedDict()

    def note(self, run: Run, now: float) -> int:
        """Notes that all events of a run are confirmed. Returns the offset up to which the broker has saved them."""
        before = now - conf.MQTT_SAVE_SECONDS
        steps = self._streams.pop(run.stream_id, None)
        if steps is None or run.lost:
            steps = deque([(-1.0, run.begin)])
        steps.append((now, run.until))
        while len(steps) > 1 and steps[1][0] <= before:
            steps.popleft()
        self._streams[run.stream_id] = steps
        while (oldest := next(iter(self._streams.values())))[-1][0] <= before and oldest is not steps:
            self._streams.popitem(last=False)
        return steps[0][1]
