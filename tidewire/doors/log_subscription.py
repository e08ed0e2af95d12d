"""The subscription of a reader of the log: it begins after an offset, and has all events of its stream."""

from __future__ import annotations

from typing import Any

from tidewire.delivery.recovery import Outcome
from tidewire.delivery.subscription import Subscription
from tidewire.doors import log_reading
from tidewire.doors.log_offsets import NOW, START, lifetime_of
from tidewire.doors.log_request import LogRequest
from tidewire.doors.refusals import not_found, unavailable
from tidewire.ground.positions import Position
from tidewire.protocol.codes import ErrorCode
from tidewire.protocol.requests import SubscribeRequest

REJECT_UNRECOVERABLE = 2


class LogSubscription(Subscription):
    """Has all events of any transaction, and nothing else."""

    is_shortened = False

    def deliver_ephemeral(self, frame: bytes) -> None:
        """Sends nothing: an ephemeral message has no place in the log."""


async def subscribe(asked: LogRequest, subscription: LogSubscription, head: Position) -> Outcome:
    """Registers the subscription, after the place that was asked for. Returns what was missed; the caller sends it and
    calls `Replays.proceed`. Raises RefusalError."""
    engine, place = asked.engine, asked.place
    if place.lifetime is not None and place.lifetime != lifetime_of(head):
        raise await log_reading.gone(engine, head, "This offset is of an earlier life of the stream.")
    after = await log_reading.offset_before_first(engine, head) if place.after == START else place.after
    recover: dict[str, Any] = {} if after == NOW else {"recover": True, "offset": int(after), "epoch": head.epoch}
    request = SubscribeRequest(subscription.stream, flag=REJECT_UNRECOVERABLE, **recover)
    (outcome,) = await engine.recovery.subscribe(asked.identity.user_id, [(subscription, request)])
    if outcome.error is ErrorCode.PERMISSION_DENIED:
        raise not_found()
    if outcome.error is ErrorCode.UNRECOVERABLE_POSITION:
        raise await log_reading.gone(engine, head, "The events after this offset are no longer kept, or never were.")
    if outcome.error is not None or outcome.epoch != head.epoch:
        raise unavailable()
    return outcome
