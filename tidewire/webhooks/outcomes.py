"""A message on its way, and the outcome of an attempt: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message on its way to an endpoint. `position` or `delivery` is the row that the outcome belongs to."""

    endpoint: UUID
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    id: str
    type: str
    body: str = field(repr=False)
    position: int | None = None
    delivery: UUID | None = None
    stream: int | None = None
    epoch: str = ""
    first: int | None = None
    last: int | None = None
    committed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. `status` is None where no answer came; `error` then says why."""

    message: Message
    at: datetime
    milliseconds: int
    status: int | None = None
    answer: str = ""
    error: str = ""
    retry_after: float | None = None

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300
