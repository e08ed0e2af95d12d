"""The one mailbox of this process on the channel layer, and the heartbeat that shows whether messages arrive in it."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable

from channels.layers import BaseChannelLayer

from tidewire.ground import metrics
from tidewire.ground.cancellation import run_together
from tidewire.layer.membership import Membership
from tidewire.layer.messages import Content, Events, Heartbeat, message, parse
from tidewire.layer.signatures import RefusedMessageError

logger = logging.getLogger(__name__)

REMEMBERED = 50_000
"""Signatures of messages without an offset. Older messages than these are most often too old to be accepted."""
WARN_SECONDS = 60.0
"""Refused messages are counted by a metric, and logged at most this often: a stranger on the layer fills no disk."""


class Seen:
    """The signatures of the last REMEMBERED messages. Each message has one of its own, because its time is signed."""

    def __init__(self) -> None:
        self._macs: OrderedDict[bytes, None] = OrderedDict()

    def add(self, mac: bytes) -> bool:
        """Returns whether this one is new."""
        if mac in self._macs:
            return False
        self._macs[mac] = None
        if len(self._macs) > REMEMBERED:
            self._macs.popitem(last=False)
        return True


class Mailbox:
    """Receives for the hub. `receive` is called with the content of each message that a process of ours has signed;
    `on_return` is called when heartbeats arrive again after a silence, in which any number of messages may have been
    lost."""

    def __init__(
        self,
        layer: BaseChannelLayer,
        membership: Membership,
        heartbeat_seconds: float,
        receive: Callable[[Content], None],
        on_return: Callable[[], None],
    ) -> None:
        self._layer, self._membership, self._heartbeat_seconds = layer, membership, heartbeat_seconds
        self._receive, self._on_return = receive, on_return
        self._received_at = asyncio.get_running_loop().time()
        self._warned_at, self._seen = -WARN_SECONDS, Seen()

    @property
    def is_deaf(self) -> bool:
        """Whether its own heartbeats do not come back: the layer is away, and only the poll delivers."""
        return asyncio.get_running_loop().time() - self._received_at > 3 * self._heartbeat_seconds + 1

    async def run(self) -> None:
        """Receives until cancelled. `layer.receive` must never be timed out or cancelled while the process lives: the
        layer would forget the mailbox. Therefore one task does nothing but receive."""
        name = await self._open()
        await run_together(self._listen(name), self._membership.run(name), self._heartbeat(name))

    async def _open(self) -> str:
        while True:
            try:
                # Channels' layers take a prefix; the type stubs do not show it.
                return await self._layer.new_channel("tidewire.hub")  # pyright: ignore[reportCallIssue]  see above
            except Exception as error:
                self._membership.is_failing = True
                logger.warning("channel layer unavailable, delivery goes on by polling: %s", error)
                await asyncio.sleep(self._heartbeat_seconds)

    async def _listen(self, name: str) -> None:
        while True:
            try:
                received = await self._layer.receive(name)
            except Exception as error:  # a message that cannot even be unpacked
                self._refuse("malformed", str(error))
                await asyncio.sleep(0.01)
                continue
            try:
                content = parse(received)
            except RefusedMessageError as error:
                self._refuse(error.reason)
                continue
            metrics.layer_received.inc()
            if content is None:
                continue
            self._received_at = asyncio.get_running_loop().time()
            if isinstance(content, Heartbeat):
                continue
            # An event that comes twice is known by its offset. Anything else would be done twice.
            if not isinstance(content, Events) and not self._seen.add(received["mac"]):
                self._refuse("replayed")
                continue
            try:
                self._receive(content)
            except Exception:
                logger.exception("a message of the channel layer failed; the poll finds its events")

    def _refuse(self, reason: str, detail: str = "") -> None:
        metrics.layer_refused.labels(reason).inc()
        now = asyncio.get_running_loop().time()
        if now - self._warned_at >= WARN_SECONDS:
            self._warned_at = now
            logger.warning("a message on the channel layer was refused: %s %s", reason, detail)

    async def _heartbeat(self, name: str) -> None:
        while True:
            was_deaf = self.is_deaf
            try:
                async with asyncio.timeout(self._heartbeat_seconds):
                    await self._layer.send(name, message(Heartbeat()))
            except Exception as error:
                logger.debug("heartbeat failed: %s", error)
            await asyncio.sleep(self._heartbeat_seconds)
            if was_deaf and not self.is_deaf:
                self._membership.rejoin()
                self._on_return()
