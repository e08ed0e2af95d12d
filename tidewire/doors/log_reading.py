"""Pages of one stream's log, for a user who may read it when the page is read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.doors.log_offsets import START, Lifetime, lifetime_of
from tidewire.doors.log_request import LogRequest
from tidewire.doors.refusals import NO_STORE, RefusalError, unauthorized, unavailable
from tidewire.engine.engine import Engine
from tidewire.ground.positions import Page, Position

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


async def read(asked: LogRequest) -> tuple[Page, int]:
    """Returns the page after the offset that was asked for, or from the first event that is kept, and that offset.

    It is read in one of the user's places. Raises RefusalError: 404 unless the user may read the stream, also where
    access was lost before the page was read; 410 where the log does not go on from there.
    """
    after = 0 if asked.place.after == START else int(asked.place.after)
    async with _place_of(asked.identity.user_id):
        page = await _page(asked, after)
        if asked.place.lifetime is not None:
            await _require_continuity(asked.engine, page, asked.place.lifetime, after)
        return page, after


async def _page(asked: LogRequest, after: int) -> Page:
    """Returns the events after an offset, for a user who may read them now."""
    engine = asked.engine
    await asked.head()
    try:
        page = await engine.reader.page(asked.stream, after)
        await engine.revocations.apply_for(page.entries)
    except (LogUnavailableError, LookupError):
        raise unavailable() from None
    if engine.sessions.has_ended(asked.identity.session_id):
        raise unauthorized("token_invalid", "The session has ended.")
    await asked.head()
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
