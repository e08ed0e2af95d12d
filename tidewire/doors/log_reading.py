"""Pages of one stream's log, for a user who may read it when the page is read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.doors import log_offsets
from tidewire.doors.log_offsets import NOW, START, Lifetime, lifetime_of
from tidewire.doors.refusals import NO_STORE, RefusalError, bad_request, unauthorized, unavailable
from tidewire.doors.requests import readable
from tidewire.engine.engine import Engine
from tidewire.ground.credentials import Identity
from tidewire.ground.positions import Page, Position

JAVASCRIPT_INTEGER = 2**53


def wanted(text: str | None) -> tuple[Lifetime | None, int | str]:
    """Returns what the parameter `offset` asks for: a place in a lifetime, or START or NOW. Raises RefusalError."""
    if text in (None, START):
        return None, START
    if text == NOW:
        return None, NOW
    parsed = log_offsets.parse(text or "")
    if parsed is None or parsed[1] >= JAVASCRIPT_INTEGER:
        raise bad_request("The offset is none of this server's, nor -1, nor now.")
    return parsed


MAX_READS, MAX_WAITING = 4, 32
"""Pages that one user's requests read at once in a process, and those that wait: the threads that read them serve the
sockets, too."""


class _Places:
    """The places of one user. `taken` counts those that wait as well."""

    def __init__(self) -> None:
        self.semaphore, self.taken = asyncio.Semaphore(MAX_READS), 0


_places: dict[str, _Places] = {}  # by user; changed in the event loop


@asynccontextmanager
async def _place_of(user_id: str) -> AsyncIterator[None]:
    """Holds one of the user's places, after the requests before it. Raises RefusalError when too many wait."""
    places = _places.setdefault(user_id, _Places())
    if places.taken >= MAX_READS + MAX_WAITING:
        headers = [*NO_STORE, (b"retry-after", b"1")]
        raise RefusalError(429, "too_many_at_once", "As many pages are being read for you as may be at once.", headers)
    places.taken += 1
    try:
        async with places.semaphore:
            yield
    finally:
        places.taken -= 1
        if not places.taken:
            del _places[user_id]


async def read(engine: Engine, identity: Identity, stream: str, lifetime: Lifetime | None, after: int) -> Page:
    """Returns the page as `_read` does, in one of the user's places."""
    async with _place_of(identity.user_id):
        return await _read(engine, identity, stream, lifetime, after)


async def _read(engine: Engine, identity: Identity, stream: str, lifetime: Lifetime | None, after: int) -> Page:
    """Returns the events after an offset; with the lifetime None and 0, those from the first that is kept.

    Raises RefusalError: 404 unless the user may read the stream, also for a user who lost access before the page was
    read; 410 where the log does not go on from there.
    """
    await readable(engine, identity, stream)
    try:
        page = await engine.reader.page(stream, after)
        await engine.revocations.apply_for(page.entries)
    except (LogUnavailableError, LookupError):
        raise unavailable() from None
    if engine.sessions.has_ended(identity.session_id):
        raise unauthorized("token_invalid", "The session has ended.")
    await readable(engine, identity, stream)
    if lifetime is not None:
        await _require_continuity(engine, page, lifetime, after)
    return page


async def _require_continuity(engine: Engine, page: Page, lifetime: Lifetime, after: int) -> None:
    head = page.head
    if lifetime != lifetime_of(head):
        raise await gone(engine, head, "This offset is of an earlier life of the stream.")
    if after > head.offset and not page.entries:
        raise await gone(engine, head, "This offset is ahead of the log.")
    is_next = page.entries[0].offset == after + 1 if page.entries else after >= head.offset
    if not is_next:
        raise await gone(engine, head, "The events after this offset are no longer kept.")


async def gone(engine: Engine, head: Position, detail: str) -> RefusalError:
    """Returns the refusal of an offset from which the log does not go on. It names where the log begins: a client that
    reads the state anew goes on at the position of that state, every other at the first event that is kept."""
    earliest = lifetime_of(head).offset(await offset_before_first(engine, head))
    headers = [*NO_STORE, (b"stream-earliest-offset", earliest.encode())]
    return RefusalError(410, "position_lost", detail, headers, stream=head.as_json(), earliest=earliest)


async def offset_before_first(engine: Engine, head: Position) -> int:
    """Returns the offset after which the first event that is still kept stands."""
    try:
        page = await engine.reader.page(head.channel, 0, 1)
    except LogUnavailableError:
        raise unavailable() from None
    return page.entries[0].offset - 1 if page.entries else head.offset
