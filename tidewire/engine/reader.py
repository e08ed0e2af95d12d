"""Reads the event log and the access rules in database threads, so that the event loop never waits for a query."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections

from tidewire.delivery.access_checks import AccessChecks, AccessRequest
from tidewire.delivery.log_reader import KnownPositions, LogUnavailableError
from tidewire.engine import access
from tidewire.ground import credentials
from tidewire.ground.conf import conf
from tidewire.ground.connection_states import ConnectionState, ProcessState
from tidewire.ground.credentials import Identity, LookUp
from tidewire.ground.positions import PAGE_EVENTS, Bulk, Page, Position
from tidewire.ground.threads import Threads, begin_job
from tidewire.jobs import chores, measures, slices
from tidewire.log import bulks, heads, pages, rate
from tidewire.log.database import log_alias
from tidewire.logbook import writing


class Reader:
    """The `LogReader` of the delivery side, and what else an engine asks the database.

    It has a few long-lived threads, which keep their connections, one for chores, which may take hours, and one that
    watches commits, whose answers are those of one connection; a thread begins with its first job. Every method raises
    LogUnavailableError when the database is away.
    """

    def __init__(self, threads: int) -> None:
        self._threads, self._chores = Threads(threads, "tidewire-reader"), Threads(1, "tidewire-chores")
        self._watching = Threads(1, "tidewire-watch")
        self._is_closed = threading.Event()
        self._access_checks = AccessChecks(lambda requests: self.run(_readable_positions, requests))

    async def heads(self, names: Collection[str]) -> dict[str, Position]:
        """Returns the heads of these streams. Those that do not exist are left out."""
        return await self.run(heads.existing, names)

    async def positions(self, names: Collection[str]) -> dict[str, Position]:
        """Returns the heads of these streams. One that does not exist is created."""
        return await self.run(heads.positions, names)

    async def touched(self, seconds: float) -> dict[str, Position]:
        """Returns the heads of the streams that were written to in the last `seconds`."""
        return await self.run(heads.touched, seconds)

    async def watch(self, call: Callable[..., Any], *args: Any) -> Any:
        """Calls `call(*args)` as `run` does, in a thread that nothing else uses: what it says of its connection, as
        log/commits.py does, can be compared with the last time."""
        return await self._run_in(self._watching, call, *args)

    async def page(self, name: str, offset: int, limit: int = PAGE_EVENTS) -> Page:
        """Returns the first events of a stream after `offset`."""
        return await self.run(pages.read_after, name, offset, limit)

    async def bulk(self, name: str, offset: int, most: int) -> Bulk | None:
        """Returns the last transaction with more than `most` events of a stream after `offset`, or None."""
        return await self.run(bulks.last_bulk, name, offset, most)

    async def page_before(self, name: str, offset: int | None, limit: int) -> Page:
        """Returns the last events of a stream before `offset`, newest first; the newest of all where it is None."""
        return await self.run(pages.read_before, name, offset, limit)

    async def recent(self, name: str, seconds: float) -> Page:
        """Returns all events of a stream of the last `seconds`."""
        return await self.run(pages.read_recent, name, seconds)

    async def readers(self, stream: str, user_ids: Collection[str]) -> set[str]:
        """Returns which of these users may read the stream."""
        return await self.run(access.readers, stream, user_ids)

    async def readable_positions(
        self, user_id: str, names: Collection[str], known: KnownPositions = dict
    ) -> dict[str, Position]:
        """Returns the positions of the streams, of these, that the user may read. A position that `known` returns is
        not read from the log. Users that ask at the same time share the queries."""
        return await self._access_checks.readable_positions(user_id, names, known)

    async def identify(self, look_up: LookUp) -> Identity:
        """Returns the identity behind a credential that must be looked up. Raises what `look_up` raises."""
        return await self.run(look_up)

    async def may_command(self, identity: Identity) -> bool:
        """Counts one command against the quota of this identity. Returns False when the quota is used up."""
        return not conf.MAY_COMMAND or await self.run(credentials.may_command, identity)

    async def may_ask(self, address: str) -> bool:
        """Counts one request without a valid credential against the quota of this address. Returns False when that is
        used up."""
        return not conf.MAY_ASK or await self.run(credentials.may_ask, address)

    async def do_chores(self, seconds: float, share: float) -> None:
        """Does the chores that are due, in this share of the time. They are due again in `seconds`."""
        await self._run_in(self._chores, chores.run_due, seconds, log_alias(), share, self._is_closed)

    async def look_at_chores(self) -> None:
        """Sets the gauges of the chores."""
        await self.run(chores.look, log_alias())

    async def measure(self) -> None:
        """Reads the figures of the database for the metrics."""
        await self.run(measures.run_all, log_alias())

    async def release_due(self) -> int:
        """Records the delayed events that are due. Returns how many."""
        return await self.run(rate.release_due, log_alias())

    async def pending_jobs(self) -> dict[str, int]:
        """Returns how many jobs of each kind are left."""
        return await self.run(slices.pending, log_alias())

    async def run_slice(self) -> bool:
        """Does one slice of one job. Returns whether there was one."""
        return await self.run(slices.run_slice, log_alias())

    async def write_logbook(self, process: ProcessState, states: Sequence[ConnectionState]) -> None:
        """Writes what has changed in this process to the logbook."""
        await self.run(writing.write, process, states, log_alias())

    def close(self) -> None:
        self._is_closed.set()
        self._threads.close()
        self._chores.close()
        self._watching.close()

    async def run(self, call: Callable[..., Any], *args: Any) -> Any:
        """Calls `call(*args)` in a database thread. Returns what it returns, and raises what it raises."""
        return await self._run_in(self._threads, call, *args)

    @staticmethod
    async def _run_in(threads: Threads, call: Callable[..., Any], *args: Any) -> Any:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        threads.run(lambda: _answer(call, args, loop, answer))
        return await answer


def _answer(
    call: Callable[..., Any], args: tuple[Any, ...], loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Any]
) -> None:
    result: Any = None
    error: Exception | None = None
    close_old_connections()
    begin_job()
    try:
        result = call(*args)
    except (OperationalError, InterfaceError) as failure:
        error = LogUnavailableError(str(failure))
        error.__cause__ = failure
    except Exception as failure:
        error = failure
    finally:
        close_old_connections()
    with suppress(RuntimeError):  # the loop is closed, and the caller gone
        loop.call_soon_threadsafe(_settle, answer, result, error)


def _settle(answer: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if answer.done():  # the caller was cancelled
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)


def _readable_positions(requests: Sequence[AccessRequest]) -> list[dict[str, Position]]:
    """Answers a batch. Reads positions first and access afterwards: an event that ends the access that was read then
    has an offset above the position."""
    found = heads.existing(set[str]().union(*(request.names - request.known.keys() for request in requests)))
    allowed = access.permitted_all([(request.user_id, request.names) for request in requests])
    answers = list(zip(requests, allowed, strict=True))
    needed = {name for request, names in answers for name in names if name not in request.known}
    for name, position in heads.positions(needed - found.keys()).items():
        found[name] = Position(name, position.epoch, 0)  # it did not exist when the positions were read
    return [{name: request.known.get(name) or found[name] for name in names} for request, names in answers]
