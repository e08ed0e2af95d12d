"""The log and the access rules, read from database threads, so that the event loop never waits for a query.

The hub and the recovery are handed a reader at start; neither knows the ORM.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from django.db import close_old_connections

from tidewire.delivery.access_checks import AccessChecks, Look, Request
from tidewire.engine import access
from tidewire.ground import credentials
from tidewire.ground.conf import conf
from tidewire.ground.credentials import Identity, LookUp
from tidewire.ground.positions import PAGE_EVENTS, Page, Position
from tidewire.ground.threads import Threads, begin_job
from tidewire.log import heads, pages, rate, retention
from tidewire.log.database import log_alias


class Reader:
    """Its threads are few and long-lived, and keep their connections."""

    def __init__(self, threads: int) -> None:
        self._threads = Threads(threads, "tidewire-reader")
        self._access_checks = AccessChecks(lambda requests: self._run(_admit, requests))

    async def heads(self, names: Collection[str]) -> dict[str, Position]:
        """Positions of those of these streams that exist."""
        return await self._run(heads.existing, names)

    async def positions(self, names: Collection[str]) -> dict[str, Position]:
        """Positions of these streams, born if need be."""
        return await self._run(heads.positions, names)

    async def touched(self, seconds: float) -> dict[str, Position]:
        """Positions of the streams written to in the last `seconds`."""
        return await self._run(heads.touched, seconds)

    async def readers(self, stream: str, user_ids: Collection[str]) -> set[str]:
        """Those of these users who may read the stream."""
        return await self._run(access.readers, stream, user_ids)

    async def page(self, name: str, offset: int, limit: int = PAGE_EVENTS) -> Page:
        """Events of a stream after `offset`."""
        return await self._run(pages.read_after, name, offset, limit)

    async def admit(self, user_id: str, names: Collection[str], look: Look = dict) -> dict[str, Position]:
        """Positions of those of these streams that the user may read. Those that `look` knows are not read."""
        return await self._access_checks.admit(user_id, names, look)

    async def page_before(self, name: str, offset: int | None, limit: int) -> Page:
        """Events of a stream before `offset` (or its newest), newest first."""
        return await self._run(pages.read_before, name, offset, limit)

    async def identify(self, look_up: LookUp) -> Identity:
        """Whom a credential stands for that says nothing by itself."""
        return await self._run(look_up)

    async def may_command(self, identity: Identity) -> bool:
        """Counts a command, and says whether it is one too many."""
        return not conf.MAY_COMMAND or await self._run(credentials.may_command, identity)

    async def recent(self, name: str, seconds: float) -> Page:
        """All events of a stream of the last `seconds`."""
        return await self._run(pages.read_recent, name, seconds)

    async def prune(self) -> int:
        """Deletes events outside their retention window."""
        return await self._run(retention.prune)

    async def release_due(self) -> int:
        """Tells what streams hold back, where its turn has come."""
        return await self._run(rate.release_due, log_alias())

    def close(self) -> None:
        self._threads.close()

    async def _run(self, call: Callable[..., Any], *args: Any) -> Any:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Any] = loop.create_future()
        self._threads.run(lambda: _work(call, args, loop, answered))
        return await answered


def _work(call: Callable[..., Any], args: tuple[Any, ...], loop: Any, answered: asyncio.Future[Any]) -> None:
    close_old_connections()
    begin_job()
    try:
        result, error = call(*args), None
    except Exception as failure:
        result, error = None, failure
    finally:
        close_old_connections()
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(_settle, answered, result, error)


def _settle(answered: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if answered.done():  # nobody waits any more
        return
    if error is None:
        answered.set_result(result)
    else:
        answered.set_exception(error)


def _admit(requests: Sequence[Request]) -> list[dict[str, Position]]:
    """Positions first, then access: an event that ends the access we are about to see has an offset above them."""
    found = heads.existing(set().union(*(request.names - request.known.keys() for request in requests)))
    allowed = access.permitted_all([(request.user_id, request.names) for request in requests])
    answers = list(zip(requests, allowed, strict=True))
    asked = {name for request, names in answers for name in names if name not in request.known}
    for name, position in heads.positions(asked - found.keys()).items():
        found[name] = Position(name, position.epoch, 0)  # where it stood when we looked, before access was asked
    return [{name: request.known.get(name) or found[name] for name in names} for request, names in answers]
