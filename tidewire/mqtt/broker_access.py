"""Keeps the broker's files true: reads who may do what, writes it, and waits until the broker has read it.

An event is published only after the access that was read *after* the event is in force at the broker, wherever the
event, or a revocation before it, may have ended an access. So a user that lost a stream gets no later event of it.

A path that one user has for itself changes hands in two steps: first it belongs to neither, and all that the broker has
accepted on it until then is stored as the earlier user's; then the files name the new one.
"""

from __future__ import annotations

import asyncio
import logging
import shlex
import time
from collections.abc import Awaitable, Callable, Sequence

from tidewire.engine.reader import Reader
from tidewire.ground.conf import conf
from tidewire.mqtt import files, names, reading, users
from tidewire.mqtt.files import Files
from tidewire.mqtt.link import Link
from tidewire.mqtt.reading import Run
from tidewire.mqtt.users import Access

FULL_SECONDS = 1.0
"""How often the access is read in any case: a key may be new, or expire."""
SHARE = 5.0
"""Reading the access takes at most one part in so many of the time, where no event asks for it."""
PROBE_SECONDS = 0.1
"""Between two messages of the bridge to itself."""
WARN_SECONDS = 10.0

logger = logging.getLogger(__name__)


class BrokerAccess:
    """The access that the broker has, as the bridge knows it. Belongs to one event loop; outlives connections."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._place = files.folder()
        self.holders: dict[str, str] = files.holders_in(files.stored(self._place)) if self._place else {}
        self._lock = asyncio.Lock()
        self._revocations = self._seen = -1
        """Up to which offset of their stream the revocations are in force, and were looked at."""
        self._due_at = 0.0
        self._confirmed = ""
        self._probes: dict[str, asyncio.Event] = {}
        self.has_states = False
        """Whether the broker has all states that it should retain: it has retained a mark that says so."""

    def holder(self, path: str) -> str | None:
        """Returns the user of the broker that has a path for itself."""
        return self.holders.get(path)

    async def prepare(self) -> None:
        """Writes the files before the broker is connected to, which may not know the bridge yet. Where there are none,
        they name the bridge alone: no device can publish before there is a subscription that the broker keeps."""
        if self._place is None:
            return
        access = Access()
        if files.stored(self._place) is not None:
            access = await self._reader.run(users.read)
        await self._write(files.render(access, _kept(self.holders, access)))

    def heard(self, topic: str) -> bool:
        """Takes a message of the bridge to itself. Returns whether it is one."""
        if not topic.startswith(names.probe("")):
            return False
        self.has_states |= topic == names.states_mark()
        if event := self._probes.get(topic):
            event.set()
        return True

    def begin(self) -> None:
        """Has the next `refresh` ask the broker anew: it may be another one."""
        self._confirmed, self._due_at, self.has_states = "", 0.0, False

    async def before(self, link: Link, runs: Sequence[Run], settle: Callable[[], Awaitable[None]]) -> None:
        """Returns when the broker may get these events: see above."""
        entries = [entry for run in runs for entry in run.entries]
        ends_access = any(entry.ends_access for entry in entries)
        revoked = max((entry.revocation_offset for entry in entries), default=0)
        if ends_access or revoked > self._revocations or any(run.lost or run.is_new for run in runs):
            await self.refresh(link, settle)

    async def follow(self, link: Link, settle: Callable[[], Awaitable[None]]) -> None:
        """Reads the access again if that is due, or if sessions were revoked."""
        if time.monotonic() >= self._due_at or await self._is_revoked():
            await self.refresh(link, settle)

    async def _is_revoked(self) -> bool:
        return await self._reader.run(reading.revocations_head) > self._seen

    async def refresh(self, link: Link, settle: Callable[[], Awaitable[None]]) -> None:
        """Reads the access, and returns when it is in force. `settle` returns when all messages are stored that the
        bridge has received."""
        async with self._lock:
            while not await self._bring_into_force(link, settle):
                pass  # sessions were revoked meanwhile: read again

    async def _bring_into_force(self, link: Link, settle: Callable[[], Awaitable[None]]) -> bool:
        began = time.monotonic()
        self._due_at = 0.0
        revocations: int = await self._reader.run(reading.revocations_head)
        self._seen = revocations
        access: Access = await self._reader.run(users.read)
        took = time.monotonic() - began
        if self._place is not None:
            kept = _kept(self.holders, access)
            if len(kept) < len(self.holders):
                if not await self._enforce(link, files.render(access, kept)):
                    return False
                await settle()
            self.holders = dict(access.holders)
            if not await self._enforce(link, files.render(access)):
                return False
        self.holders = dict(access.holders)
        self._revocations = revocations
        self._due_at = time.monotonic() + max(FULL_SECONDS, took * SHARE)
        return True

    async def _enforce(self, link: Link, wanted: Files) -> bool:
        """Writes the files and returns True when a message that only they allow has come back. It may take seconds, as
        it comes behind all messages that wait for the bridge. Returns False when sessions are revoked meanwhile: they
        end as soon as files are written that do not know them."""
        if wanted.generation == self._confirmed:
            return True
        await self._write(wanted)
        topic = names.probe(wanted.generation)
        event = self._probes.setdefault(topic, asyncio.Event())
        warned = time.monotonic()
        try:
            while not event.is_set():
                await link.publish(topic, b"", 1)
                try:
                    async with asyncio.timeout(PROBE_SECONDS):
                        await event.wait()
                except TimeoutError:
                    if await self._is_revoked():
                        return False
                if time.monotonic() - warned > WARN_SECONDS:
                    warned = time.monotonic()
                    logger.error("the broker has not read %s for %.0f s; events wait", self._place, WARN_SECONDS)
                    await self._reload()
        finally:
            del self._probes[topic]
        self._confirmed = wanted.generation
        return True

    async def _write(self, wanted: Files) -> None:
        assert self._place is not None
        if await asyncio.to_thread(files.write, wanted, self._place):
            await self._reload()

    async def _reload(self) -> None:
        """Runs MQTT_RELOAD. A broker that notices changes of its files by itself needs none."""
        if not conf.MQTT_RELOAD:
            return
        process = await asyncio.create_subprocess_exec(
            *shlex.split(conf.MQTT_RELOAD), stdout=asyncio.subprocess.DEVNULL
        )
        if code := await process.wait():
            logger.error("MQTT_RELOAD ended with %d: %s", code, conf.MQTT_RELOAD)


def _kept(holders: dict[str, str], access: Access) -> dict[str, str]:
    """Returns the paths that belong to the same user as before."""
    return {path: user for path, user in holders.items() if access.holders.get(path) == user}
