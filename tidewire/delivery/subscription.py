"""One stream on one connection: its position, and whether events pass."""

from __future__ import annotations

import time
from collections.abc import Callable

from tidewire.delivery.send_queue import SendQueue
from tidewire.ground import metrics
from tidewire.ground.connection_states import StreamSeen
from tidewire.protocol.codec import EventCodec
from tidewire.protocol.codes import Code
from tidewire.protocol.pushes import ClientInfo, UnsubscribePush


class Subscription:
    """A subscription is closed at first and opens when it has reached the position of the hub. While it is closed,
    events are not delivered to it; they are replayed from the log later.

    An event after which the user's access must be asked again suspends it. `suspensions` counts those events since
    access was last confirmed: code that asked for access and is about to open the subscription compares the count with
    what it was before. `info` is what other clients see in presence and in ephemeral messages.
    """

    is_shortened = True  # False for readers of the log, which get all events of any transaction

    __slots__ = (
        "_on_end",
        "channel",
        "codec",
        "delivered",
        "end_code",
        "info",
        "is_answered",
        "is_ended",
        "is_following_presence",
        "is_leaving",
        "is_open",
        "offset",
        "send_queue",
        "since",
        "start",
        "stream",
        "suspensions",
    )

    def __init__(
        self,
        stream: str,
        info: ClientInfo,
        send_queue: SendQueue,
        codec: EventCodec,
        on_end: Callable[[Subscription], None],
        is_following_presence: bool = False,
        channel: str = "",
    ) -> None:
        """`on_end` is called when the server ends it. Joins and leaves are sent if it `is_following_presence`.

        `channel` is the name that the client uses for the stream, if it writes the UUID in capitals; the frames for
        this subscription have it.
        """
        self.stream, self.channel, self.info = stream, channel or stream, info
        self.send_queue, self.codec = send_queue, codec
        self.is_following_presence = is_following_presence
        self.offset = 0
        self.delivered = 0  # events that were enqueued for the client
        self.start = 0  # the offset after which events are sent
        self.since = time.time()
        self.end_code: Code | None = None  # that the server ended it with
        self.suspensions = 0
        self.is_answered = False  # whether the client has the reply: SDKs ignore pushes before it
        self.is_open = False
        self.is_leaving = False  # the server ends it in a moment; it is sent nothing more
        self.is_ended = False
        self._on_end = on_end

    def seen(self, ended_at: float | None = None) -> StreamSeen:
        """Returns what the logbook keeps of it: while it lasts, or at its end."""
        code = None if ended_at is None else self.end_code.code if self.end_code else 0
        return StreamSeen(self.stream, self.since, self.start, self.offset, self.is_open, ended_at, code)

    @property
    def user_id(self) -> str:
        return self.info.user

    def deliver(self, offset: int, frame: bytes) -> None:
        """Enqueues a live event, unless the subscription is closed or had the event in a replay."""
        if self.is_open and offset > self.offset:
            self.offset = offset
            self.delivered += 1
            self.send_queue.enqueue(frame)

    def deliver_ephemeral(self, frame: bytes) -> None:
        """Enqueues an ephemeral message, which has no offset."""
        if self.is_open:
            self.send_queue.enqueue(frame)

    def deliver_presence(self, frame: bytes) -> None:
        """Enqueues a join or a leave."""
        if self.is_open and self.is_following_presence:
            self.send_queue.enqueue(frame)

    def replay(self, offset: int, frame: bytes) -> None:
        """Enqueues an event that was read from the log for this subscription."""
        self.offset = offset
        self.delivered += 1
        self.send_queue.enqueue(frame)

    def suspend(self) -> None:
        """Closes the subscription until the user's access was confirmed."""
        self.is_open = False
        self.suspensions += 1

    def end(self, code: Code) -> None:
        """Ends the subscription from the server's side and sends the code to the client."""
        if not self.is_ended:
            self.is_ended, self.is_open, self.end_code = True, False, code
            metrics.unsubscribes.labels(code.code).inc()
            if self.is_answered:
                self.send_queue.enqueue(self.codec.push(self.channel, UnsubscribePush(code.code, code.reason)))
            self._on_end(self)

    def drop(self) -> None:
        """Ends the subscription without a message, because the client asked for it or is gone."""
        self.is_ended, self.is_open = True, False
