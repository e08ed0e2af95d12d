"""`live=sse`: the events of a stream after an offset, and then every new one as it is written."""

from __future__ import annotations

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable

from tidewire.doors import log_codec, log_offsets
from tidewire.doors.log_codec import BEHIND, CAUGHT_UP, LOG_EVENTS
from tidewire.doors.log_offsets import lifetime_of
from tidewire.doors.log_request import LogRequest
from tidewire.doors.log_subscription import LogSubscription, subscribe
from tidewire.doors.open_response import OpenResponse
from tidewire.doors.refusals import unavailable


class LiveSubscription(LogSubscription):
    """Says `upToDate` in the control events of live events, not in those of a replay, and once when the replay ends.

    `first_payloads` are the payloads that were read for it and not sent yet: they go out with its first control event.
    """

    first_payloads: list[str] | None = None
    _is_open = False

    @property
    def is_open(self) -> bool:
        return self._is_open

    @is_open.setter
    def is_open(self, value: bool) -> None:
        self._is_open = value
        if value:
            self.send_first(is_caught_up=True)

    def send_first(self, *, is_caught_up: bool) -> None:
        payloads, self.first_payloads = self.first_payloads or [], None
        frame = LOG_EVENTS.batch(self.channel, payloads, self.offset, is_caught_up=is_caught_up)
        self.send_queue.enqueue(frame)

    def replay(self, offset: int, frame: bytes) -> None:
        super().replay(offset, frame.removesuffix(CAUGHT_UP) + BEHIND)


async def serve(asked: LogRequest, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answers with server-sent events until the response ends. Raises RefusalError before it has begun."""
    engine, stream, head = asked.engine, asked.stream, await asked.head()
    interval = log_offsets.interval_after(asked.last_interval)
    least_interval = 0 if interval == log_offsets.interval() else interval
    response = OpenResponse(engine, asked.identity, asked.request, send, LOG_EVENTS)
    try:
        subscription = LiveSubscription(
            stream,
            response.info,
            response.send_queue,
            LOG_EVENTS,
            lambda ended: response.finish(),
            channel=log_codec.channel(lifetime_of(head), least_interval),
        )
        response.subscriptions[stream] = subscription
        outcome = await subscribe(asked, subscription, head)
        if response.is_ended:
            raise unavailable()
        await response.start()
        subscription.first_payloads = [entry.payload for entry in outcome.entries]
        engine.replays.proceed(subscription)
        engine.connection_log.changed(response)
        if subscription.is_ended:  # meanwhile
            response.finish()
        elif not subscription.is_open:
            subscription.send_first(is_caught_up=False)
    except BaseException:
        response.closed()
        raise
    await response.stay_open(receive)
