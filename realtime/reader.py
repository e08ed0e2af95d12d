"""The log and the access rules, read from database threads, so that the event loop never waits for a query.

The hub and the recovery are handed a reader at start; neither knows the ORM.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections

from realtime import access, event_log, pacing, retention, tokens
from realtime.conf import conf
from realtime.positions import PAGE_EVENTS, Page, Position
from realtime.tokens import Identity, LookUp


class Reader:
    """Its threads are few and long-lived; after each call a thread gives its connection back."""

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="tidewire-reader")

    async def heads(self, names: Collection[str]) -> dict[str, Position]:
        """Positions of those of these streams that exist."""
        return await self._run(event_log.heads, names)

    async def positions(self, names: Collection[str]) -> dict[str, Position]:
        """Positions of these streams, born if need be."""
        return await self._run(event_log.positions, names)

    async def touched(self, seconds: float) -> dict[str, Position]:
        """Positions of the streams written to in the last `seconds`."""
        return await self._run(event_log.touched, seconds)

    async def readers(self, stream: str, user_ids: Collection[str]) -> set[str]:
        """Those of these users who may read the stream."""
        return await self._run(access.readers, stream, user_ids)

    async def page(self, name: str, offset: int, limit: int = PAGE_EVENTS) -> Page:
        """Events of a stream after `offset`."""
        return await self._run(event_log.read_after, name, offset, limit)

    async def admit(self, user_id: str, names: Collection[str]) -> dict[str, Position]:
        """Positions of those of these streams that the user may read."""
        return await self._run(_admit, user_id, names)

    async def page_before(self, name: str, offset: int | None, limit: int) -> Page:
        """Events of a stream before `offset` (or its newest), newest first."""
        return await self._run(event_log.read_before, name, offset, limit)

    async def identify(self, look_up: LookUp) -> Identity:
        """Whom a credential stands for that says nothing by itself."""
        return await self._run(look_up)

    async def may_command(self, identity: Identity) -> bool:
        """Counts a command, and says whether it is one too many."""
        return not conf.MAY_COMMAND or await self._run(tokens.may_command, identity)

    async def recent(self, name: str, seconds: float) -> Page:
        """All events of a stream of the last `seconds`."""
        return await self._run(event_log.recent, name, seconds)

    async def prune(self) -> int:
        """Deletes events outside their retention window."""
        return await self._run(retention.prune)

    async def release_due(self) -> int:
        """Tells what streams hold back, where its turn has come."""
        return await self._run(pacing.release_due, event_log.log_alias())

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _run(self, call: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, _with_connections, call, args)


def _with_connections(call: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    try:
        return call(*args)
    finally:
        close_old_connections()


def _admit(user_id: str, names: Collection[str]) -> dict[str, Position]:
    """Positions first, then access: an event that ends the access we are about to see has an offset above them."""
    found = event_log.heads(names)
    allowed = access.permitted(user_id, names)
    born = event_log.positions([name for name in allowed if name not in found])
    for name, position in born.items():
        found[name] = Position(name, position.epoch, 0)  # where it stood when we looked, before access was asked
    return {name: position for name, position in found.items() if name in allowed}
