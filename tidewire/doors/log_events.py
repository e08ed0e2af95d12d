"""`live=sse`: the events of a stream after an offset, and then every new one as it is written."""

from __future__ import annotations

from typing import Any

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable

from tidewire.delivery.recovery import Outcome
from tidewire.delivery.subscription import Subscription
from tidewire.doors import log_codec, log_offsets, log_reading
from tidewire.doors.log_codec import BEHIND, CAUGHT_UP, LOG_EVENTS
from tidewire.doors.log_offsets import NOW, START, Lifetime, lifetime_of
from tidewire.doors.open_response import OpenResponse
from tidewire.doors.refusals import not_found, unavailable
from tidewire.doors.requests import DoorRequest, readable
from tidewire.engine.engine import Engine
from tidewire.ground.credentials import Identity
from tidewire.ground.positions import Position
from tidewire.protocol.codes import ErrorCode
from tidewire.protocol.requests import SubscribeRequest

REJECT_UNRECOVERABLE = 2


class LogSubscription(Subscription):
    """Says `upToDate` in the control events of live events, not in those of a replay, and once when the replay ends.

    `first_payloads` are the payloads that were read for it and not sent yet: they go out with its first control event.
    """

    is_shortened = False
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

    def deliver_ephemeral(self, frame: bytes) -> None:
        """Sends nothing: an ephemeral message has no place in the log."""


async def serve(
    engine: Engine,
    identity: Identity,
    request: DoorRequest,
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
    stream: str,
    lifetime: Lifetime | None,
    after: int | str,
) -> None:
    """Answers with server-sent events until the response ends. Raises RefusalError before it has begun."""
    head = await readable(engine, identity, stream)
    interval = log_offsets.interval_after(request.one("cursor"))
    least_interval = 0 if interval == log_offsets.interval() else interval
    response = OpenResponse(engine, identity, request, send, LOG_EVENTS)
    try:
        subscription = LogSubscription(
            stream,
            response.info,
            response.send_queue,
            LOG_EVENTS,
            lambda ended: response.finish(),
            channel=log_codec.channel(lifetime_of(head), least_interval),
        )
        response.subscriptions[stream] = subscription
        outcome = await subscribe(engine, identity, subscription, head, lifetime, after)
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


async def subscribe(
    engine: Engine,
    identity: Identity,
    subscription: Subscription,
    head: Position,
    lifetime: Lifetime | None,
    after: int | str,
) -> Outcome:
    """Registers a subscription that begins after an offset. Returns what was missed; the caller sends it and calls
    `Replays.proceed`. Raises RefusalError."""
    if lifetime is not None and lifetime != lifetime_of(head):
        raise await log_reading.gone(engine, head, "This offset is of an earlier life of the stream.")
    if after == START:
        after = await log_reading.offset_before_first(engine, head)
    wanted: dict[str, Any] = {} if after == NOW else {"recover": True, "offset": int(after), "epoch": head.epoch}
    asked = SubscribeRequest(subscription.stream, flag=REJECT_UNRECOVERABLE, **wanted)
    (outcome,) = await engine.recovery.subscribe(identity.user_id, [(subscription, asked)])
    if outcome.error is ErrorCode.PERMISSION_DENIED:
        raise not_found()
    if outcome.error is ErrorCode.UNRECOVERABLE_POSITION:
        raise await log_reading.gone(engine, head, "The events after this offset are no longer kept, or never were.")
    if outcome.error is not None or outcome.epoch != head.epoch:
        raise unavailable()
    return outcome
