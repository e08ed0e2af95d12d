"""A recorded event, as the log passes it to the channel layer and to the hub."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(slots=True)
class RecordedEvent:
    """An event with its offset in its stream. Only the publisher changes it: it notes the time of the COMMIT."""

    stream: str
    epoch: str
    offset: int
    id: UUID
    type: str
    object: str
    ends_access: str
    revocation_offset: int
    payload: str
    committed_at: float = field(default=0.0, compare=False)  # Unix time
    trace: str = field(default="", compare=False)  # see ground/tracing.py
    data: Any = field(default=None, compare=False)  # as in the payload, for a response that shows the same
