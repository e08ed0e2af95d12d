"""What a client asks of the log of one stream."""

from __future__ import annotations

from dataclasses import dataclass

from tidewire.doors import log_offsets
from tidewire.doors.log_offsets import NOW, START, Lifetime
from tidewire.doors.refusals import bad_request
from tidewire.doors.requests import DoorRequest, readable
from tidewire.engine.engine import Engine
from tidewire.ground.credentials import Identity
from tidewire.ground.positions import Position

LIVE_MODES = ("long-poll", "sse")
JAVASCRIPT_INTEGER = 2**53


@dataclass(frozen=True)
class Place:
    """Where a client wants to go on: after an offset in a lifetime of the stream, or at START or NOW, in any."""

    lifetime: Lifetime | None
    after: int | str


@dataclass(frozen=True)
class LogParameters:
    """The parameters of a request. `live` is one of LIVE_MODES, None for a page. `last_interval` is the text of
    the parameter `cursor`."""

    place: Place
    live: str | None
    last_interval: str | None


@dataclass(frozen=True)
class LogRequest:
    """A request whose user is known."""

    engine: Engine
    identity: Identity
    request: DoorRequest
    stream: str
    place: Place
    last_interval: str | None

    async def head(self) -> Position:
        """Returns the head of the stream. Raises RefusalError unless the user may read it now."""
        return await readable(self.engine, self.identity, self.stream)


def parameters(request: DoorRequest) -> LogParameters:
    """Returns the parameters of a request. Raises RefusalError for what is none of the protocol."""
    offset, live, last_interval = (request.one(name) for name in ("offset", "live", "cursor"))
    if live is not None and live not in LIVE_MODES:
        raise bad_request("live is long-poll or sse.")
    if live is not None and offset is None:
        raise bad_request("The live modes need an offset.")
    return LogParameters(_place(offset), live, last_interval)


def _place(text: str | None) -> Place:
    if text in (None, START):
        return Place(None, START)
    if text == NOW:
        return Place(None, NOW)
    parsed = log_offsets.parse(text or "")
    if parsed is None or parsed[1] >= JAVASCRIPT_INTEGER:
        raise bad_request("The offset is none of this server's, nor -1, nor now.")
    return Place(*parsed)
