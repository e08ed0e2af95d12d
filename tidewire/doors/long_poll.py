"""`live=long-poll`: the events after an offset, or the first new ones within LONG_POLL_SECONDS, or 204."""

from __future__ import annotations

import asyncio
import time

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable

from tidewire.delivery.send_queue import SendQueue
from tidewire.doors import log_answers, log_codec, log_offsets
from tidewire.doors.log_codec import LOG_JSON
from tidewire.doors.log_request import LogRequest
from tidewire.doors.log_subscription import LogSubscription, subscribe
from tidewire.doors.open_response import forget, register
from tidewire.doors.refusals import NO_STORE, Answer, RefusalError, not_found, unauthorized
from tidewire.ground.conf import conf
from tidewire.ground.positions import PAGE_BYTES
from tidewire.protocol.codes import Code, Disconnect, Unsubscribe
from tidewire.protocol.pushes import ClientInfo


class PollQueue(SendQueue):
    """Keeps the first events, and wakes the request that waits for them."""

    __slots__ = ("arrived", "payloads", "size")

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.payloads: list[str] = []
        self.size = 0

    def enqueue(self, frame: bytes) -> None:
        if frame:
            self.payloads.append(frame.decode())
            self.size += len(frame)
            self.arrived.set()

    @property
    def unread(self) -> int:
        return self.size

    @property
    def has_room(self) -> bool:
        return self.size < PAGE_BYTES // 2

    async def wait_for_room(self) -> None:
        """Returns at once: the request is answered with the first page, and its subscription ends then."""


class Poll:
    """One waiting request: a connection of its user until it is answered. It is too short for the logbook."""

    id = ""

    door = "long poll"

    def __init__(self, asked: LogRequest) -> None:
        self.identity, self.address = asked.identity, asked.request.address
        self.queue = PollQueue()
        self.end_code: Code | None = None
        register(asked.engine, self.identity, self)

    @property
    def unread(self) -> int:
        return self.queue.unread

    def end(self, code: Code) -> None:
        self.end_code = code
        self.queue.arrived.set()

    async def wait(self, receive: ASGIReceiveCallable) -> bool:
        """Waits for the first events, the time of a long poll, or the end; returns False when the client has left."""
        seconds = conf.LONG_POLL_SECONDS
        if self.identity.expires_at is not None:
            seconds = max(0.0, min(seconds, self.identity.expires_at - time.time()))
        loop = asyncio.get_running_loop()
        leaving, arriving = loop.create_task(_left(receive)), loop.create_task(self.queue.arrived.wait())
        try:
            await asyncio.wait({leaving, arriving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return not leaving.done()
        finally:
            for task in (leaving, arriving):
                task.cancel()


async def _left(receive: ASGIReceiveCallable) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def serve(asked: LogRequest, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answers with events, or 204. Raises RefusalError, also when the user lost access while the request waited."""
    engine, head, poll = asked.engine, await asked.head(), Poll(asked)
    subscription = LogSubscription(
        asked.stream,
        ClientInfo(asked.identity.user_id, ""),
        poll.queue,
        LOG_JSON,
        lambda ended: poll.queue.arrived.set(),
        channel=log_codec.POLL_CHANNEL,
    )
    try:
        outcome = await subscribe(asked, subscription, head)
        for entry in outcome.entries:
            poll.queue.enqueue(entry.payload.encode())
        engine.replays.proceed(subscription)
        if not await poll.wait(receive):
            return
    finally:
        forget(engine, asked.identity, poll)
        last, is_open = subscription.offset, subscription.is_open
        subscription.drop()
        engine.subscriptions.discard(subscription)
    interval = log_answers.interval_header(log_offsets.interval_after(asked.last_interval))
    if poll.queue.payloads:
        answer = log_answers.of_events(head, poll.queue.payloads, last, is_up_to_date=is_open)
    else:
        _require_end_is_harmless(poll.end_code or subscription.end_code)
        answer = log_answers.nothing_new(head, last)
    await Answer(answer.status, answer.body, [*answer.headers, interval]).send(send)


def _require_end_is_harmless(code: Code | None) -> None:
    """Raises RefusalError for an end after which the same request would be refused. After any other the client asks
    again, and is answered by this process or by another."""
    if code is Unsubscribe.SERVER:
        raise not_found()
    if code is Disconnect.FORCE_NO_RECONNECT:
        raise unauthorized("token_invalid", "The session has ended.")
    if code is Disconnect.CONNECTION_LIMIT:
        raise RefusalError(429, "too_many_at_once", "There are more connections than one user may have.", NO_STORE)
