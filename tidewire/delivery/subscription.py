"""One stream on one connection: its position, and the gate that is shut while it recovers or its access is in doubt."""

from __future__ import annotations

from collections.abc import Callable

from tidewire.delivery.send_queue import SendQueue
from tidewire.ground import metrics
from tidewire.protocol.codec import Codec
from tidewire.protocol.codes import Code
from tidewire.protocol.pushes import UnsubscribePush


class Subscription:
    """Made shut. Opened when it has replayed up to the hub's position; shut again by a fence.

    A fence is an event after which the user's access must be asked again. Whoever is about to open the gate compares
    `fences` with what it was before they asked. `info` is {"user", "client"}: who others see in presence and signals.
    """

    __slots__ = (
        "_on_end",
        "codec",
        "info",
        "is_answered",
        "is_ended",
        "is_hearing_joins",
        "is_open",
        "offset",
        "send_queue",
        "stream",
        "suspensions",
    )

    def __init__(
        self,
        stream: str,
        info: dict[str, str],
        send_queue: SendQueue,
        codec: Codec,
        on_end: Callable[[Subscription], None],
        is_hearing_joins: bool = False,
    ) -> None:
        self.stream, self.info = stream, info
        self.is_hearing_joins = is_hearing_joins
        self.send_queue, self.codec = send_queue, codec
        self.offset = 0
        self.suspensions = 0
        self.is_answered = False  # the client knows of it: SDKs ignore pushes before the reply
        self.is_open = False
        self.is_ended = False
        self._on_end = on_end

    @property
    def user_id(self) -> str:
        return self.info["user"]

    def take(self, offset: int, frame: bytes) -> None:
        """A live event, in order. While the gate is shut it is left to the replay; what was replayed is not sent
        twice."""
        if self.is_open and offset > self.offset:
            self.offset = offset
            self.send_queue.enqueue(frame)

    def hear(self, kind: str, frame: bytes) -> None:
        """What has no offset, and moves no position."""
        if self.is_open and (kind == "pub" or self.is_hearing_joins):
            self.send_queue.enqueue(frame)

    def replay(self, offset: int, frame: bytes) -> None:
        """An event from the log."""
        self.offset = offset
        self.send_queue.enqueue(frame)

    def suspend(self) -> None:
        """Nothing more until access was asked again."""
        self.is_open = False
        self.suspensions += 1

    def end(self, code: Code) -> None:
        """Ends it from the server's side, and tells the client."""
        if not self.is_ended:
            self.is_ended, self.is_open = True, False
            metrics.unsubscribes.labels(code.code).inc()
            if self.is_answered:
                self.send_queue.enqueue(self.codec.push(self.stream, UnsubscribePush(code.code, code.reason)))
            self._on_end(self)

    def drop(self) -> None:
        """Ends it without a word: the client asked, or is gone."""
        self.is_ended, self.is_open = True, False
