"""The one mailbox of this process on the channel layer, and the heartbeat that tells whether it still hears."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from tidewire.ground import metrics
from tidewire.layer.membership import Membership

logger = logging.getLogger(__name__)

HEARTBEAT_TYPE = "tidewire.heartbeat"


class Mailbox:
    """`receive` gets each message; `on_return` is called when heartbeats come back after a silence."""

    def __init__(
        self, layer: Any, heartbeat_seconds: float, receive: Callable[[Any], None], on_return: Callable[[], None]
    ) -> None:
        self._layer, self._heartbeat_seconds = layer, heartbeat_seconds
        self._receive, self._on_return = receive, on_return
        self._heard_at = asyncio.get_running_loop().time()
        self.membership = Membership(layer)

    @property
    def is_deaf(self) -> bool:
        """Its own heartbeats do not come back: the layer is away, and only the poll delivers."""
        return asyncio.get_running_loop().time() - self._heard_at > 3 * self._heartbeat_seconds + 1

    async def run(self) -> None:
        """Receives until cancelled. A receive must never be timed out or cancelled while the process lives: the layer
        would forget the mailbox. So one task only receives."""
        name = await self._open()
        self.membership.mailbox = name
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.membership.run())
            tasks.create_task(self._heartbeat(name))
            await self._listen(name)

    async def _open(self) -> str:
        while True:
            try:
                return await self._layer.new_channel("tidewire.hub")
            except Exception as error:
                self.membership.is_failing = True
                logger.warning("channel layer unavailable, delivery goes on by polling: %s", error)
                await asyncio.sleep(self._heartbeat_seconds)

    async def _listen(self, name: str) -> None:
        while True:
            try:
                message = await self._layer.receive(name)
            except Exception as error:  # a message that cannot even be unpacked
                logger.warning("unreadable message on the channel layer: %s", error)
                await asyncio.sleep(0.01)
                continue
            self._heard_at = asyncio.get_running_loop().time()
            metrics.layer_received.inc()
            self._hand_over(message)

    def _hand_over(self, message: Any) -> None:
        """Whatever the layer brings is untrusted: it may be of another release, or of nobody's."""
        try:
            self._receive(message)
        except (KeyError, TypeError, ValueError):
            logger.warning("malformed message on the channel layer")
        except Exception:
            logger.exception("a message of the channel layer failed; what it told is found by the poll")

    async def _heartbeat(self, name: str) -> None:
        """When the heartbeats come back after a silence, much may have been missed."""
        while True:
            was_deaf = self.is_deaf
            try:
                async with asyncio.timeout(self._heartbeat_seconds):
                    await self._layer.send(name, {"type": HEARTBEAT_TYPE})
            except Exception as error:
                logger.debug("heartbeat failed: %s", error)
            await asyncio.sleep(self._heartbeat_seconds)
            if was_deaf and not self.is_deaf:
                self.membership.rejoin()
                self._on_return()
