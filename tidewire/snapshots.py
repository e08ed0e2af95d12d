"""Public: REST answers that carry their stream's position, and the log read over REST."""

from tidewire.capture.snapshots import HEADER, ReadsStream, SnapshotMixin, Written, position_header, written_positions
from tidewire.ground.positions import Page, Position
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.ground.streams import canonical
from tidewire.log.heads import position, positions
from tidewire.log.pages import read_after
from tidewire.transactions.commit import record_ahead, recorded_events

__all__ = [
    "HEADER",
    "Page",
    "Position",
    "ReadsStream",
    "RecordedEvent",
    "SnapshotMixin",
    "Written",
    "canonical",
    "position",
    "position_header",
    "positions",
    "read_after",
    "record_ahead",
    "recorded_events",
    "written_positions",
]
