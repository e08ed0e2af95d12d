"""What the streams of one connection have to send: in turns, a frame of each, as far as its client reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from tidewire.serve.http2.driver import Driver

BATCH_BYTES = 32 * 1024
"""So much is encoded before it is written: one system call and few TLS records for many small answers."""


class Source(Protocol):
    """A stream, as far as it sends."""

    def send_frame(self) -> bool:
        """Sends one frame. Returns whether it could send another."""
        ...

    def account(self) -> None:
        """Counts what waits for the client."""
        ...


class Sending:
    """Collects for a turn of the event loop, and then sends. `write` writes to the connection; it may call `pause`
    meanwhile, when the kernel takes no more."""

    def __init__(self, driver: Driver, write: Callable[[bytes], None]) -> None:
        self._driver, self._write = driver, write
        self._sources: dict[Source, None] = {}
        self._changed: dict[Source, None] = {}
        self._is_due = self._is_paused = self._is_over = False

    @property
    def is_paused(self) -> bool:
        """Whether the client does not read its connection."""
        return self._is_paused

    def pause(self) -> None:
        self._is_paused = True

    def resume(self) -> None:
        self._is_paused = False
        self.send_soon()

    def end(self) -> None:
        """Sends nothing more."""
        self._is_over = True
        self._sources.clear()
        self._changed.clear()

    def add(self, source: Source) -> None:
        """The source has something to send, or may send again."""
        self._sources[source] = None
        self._changed[source] = None
        self.send_soon()

    def discard(self, source: Source) -> None:
        self._sources.pop(source, None)
        self._changed.pop(source, None)

    def send_soon(self) -> None:
        """Sends at the end of this turn of the loop, once for all that was added in it."""
        if not self._is_due and not self._is_over:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._send_due)

    def _send_due(self) -> None:
        self._is_due = False
        self.send()

    def send(self) -> None:
        """Sends what may be sent now: control frames always, answers while the client reads."""
        if self._is_over:
            return
        pending = self._flush_if(0)
        while self._sources and not self._is_paused:
            for source in list(self._sources):
                if source not in self._sources:  # its stream has ended with another's
                    continue
                if not source.send_frame():
                    self._sources.pop(source, None)
                pending = self._flush_if(BATCH_BYTES)
                if self._is_paused or self._is_over:
                    break
        if pending:
            self._flush_if(0)
        changed, self._changed = self._changed, {}
        for source in changed:
            source.account()

    def _flush_if(self, least: int) -> bool:
        """Writes what is encoded, from `least` bytes on. Returns whether something waits to be written."""
        if self._driver.pending_bytes > least:
            self._write(self._driver.data_to_send())
        return self._driver.pending_bytes > 0
