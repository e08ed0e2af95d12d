"""Public: REST answers that carry their stream's position, and the log read over REST."""

from tidewire.capture.snapshots import (
    HEADER,
    Page,
    Position,
    SnapshotMixin,
    Written,
    position,
    position_header,
    record_ahead,
    recorded_events,
    records_at_commit,
    written_positions,
)
from tidewire.ground.recorded import Recorded
from tidewire.ground.streams import canonical
from tidewire.log.pages import read_after

__all__ = [
    "HEADER",
    "Page",
    "Position",
    "Recorded",
    "SnapshotMixin",
    "Written",
    "canonical",
    "position",
    "position_header",
    "read_after",
    "record_ahead",
    "recorded_events",
    "records_at_commit",
    "written_positions",
]
