"""The events of up to MAX_EVENT_STREAMS streams in one response, for `EventSource` and `curl -N`.

    curl -N -H "Authorization: Bearer $TOKEN" "$URL/streams/events/?stream=room:0197…&stream=user:0197…"

It is another format than `live=sse` of Durable Streams, hence another address. The id of each event is the position in
all streams. A client that comes back sends it as Last-Event-ID, or as `last_event_id`, and misses nothing. Without one
it begins with the next event.
"""

from __future__ import annotations

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.utils.module_loading import import_string

from tidewire.declare.registry import registry
from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.delivery.recovery import Outcome
from tidewire.delivery.subscription import Subscription
from tidewire.doors import event_source_codec, position_vectors
from tidewire.doors.event_source_codec import EVENT_SOURCE
from tidewire.doors.log_codec import event
from tidewire.doors.open_response import OpenResponse
from tidewire.doors.position_vectors import Vector, place
from tidewire.doors.refusals import bad_request, not_found, unauthorized, unavailable
from tidewire.doors.requests import DoorRequest, identify
from tidewire.engine import engines
from tidewire.engine.engine import Engine
from tidewire.ground import streams
from tidewire.ground.conf import conf
from tidewire.ground.credentials import Identity
from tidewire.ground.positions import Position
from tidewire.protocol.codes import ErrorCode, subscribes_again
from tidewire.protocol.requests import SubscribeRequest

RETRY_MILLISECONDS = 1000


class VectorSubscription(Subscription):
    """One of the streams of a response: completes the id of each event by the positions in the others."""

    response: EventSourceResponse

    def deliver(self, offset: int, frame: bytes) -> None:
        if self.is_open and offset > self.offset:
            self.offset = offset
            self.send_queue.enqueue(self.response.completed(self, frame))

    def replay(self, offset: int, frame: bytes) -> None:
        self.offset = offset
        self.send_queue.enqueue(self.response.completed(self, frame))

    def deliver_ephemeral(self, frame: bytes) -> None:
        """Sends nothing: an ephemeral message has no position."""


class EventSourceResponse(OpenResponse):
    """A response with the events of several streams."""

    door = "event source"

    def completed(self, subscription: Subscription, frame: bytes) -> bytes:
        """Returns the frame with the positions in all streams as its id. With one stream it is the shared frame."""
        others = [other for other in self.subscriptions.values() if other is not subscription]
        if not others:
            return frame
        id, newline, rest = frame.partition(b"\n")
        return b",".join([id, *(_place(other).encode() for other in others)]) + newline + rest

    def add(self, stream: str, epoch: str) -> VectorSubscription:
        channel = event_source_codec.channel(stream, epoch)
        subscription = self.subscriptions[stream] = VectorSubscription(
            stream, self.info, self.send_queue, EVENT_SOURCE, self._on_subscription_end, channel=channel
        )
        subscription.response = self
        return subscription

    def _on_subscription_end(self, subscription: Subscription) -> None:
        """The client was sent why. It keeps the other streams; where it may come back at once, it does."""
        self.forget(subscription)
        code = subscription.end_code
        if not self.subscriptions or (code is not None and subscribes_again(code)):
            self.finish()


def _place(subscription: Subscription) -> str:
    stream, epoch = subscription.channel.split(" ")
    return place(stream, subscription.offset, epoch)


async def event_source(scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answers GET of `streams/events/`. Raises RefusalError before the response has begun."""
    engine, request = engines.current(), DoorRequest(scope)
    names = _names(request)
    identity = await _identify(engine, request)
    since = position_vectors.parse(request.header(b"last-event-id") or request.one("last_event_id") or "")
    if since is None:
        raise bad_request("This Last-Event-ID is none of this server's.")
    heads = await _readable(engine, identity, names)
    response = EventSourceResponse(engine, identity, request, send, EVENT_SOURCE)
    try:
        subscribing = [(response.add(name, heads[name].epoch), _request(name, since)) for name in names]
        outcomes = await engine.recovery.subscribe(identity.user_id, list(subscribing))
        _require_success(outcomes, [heads[name] for name in names])
        if response.is_ended:
            raise unavailable()
        await response.start()
        begin(engine, response, [subscription for subscription, _ in subscribing], outcomes)
    except BaseException:
        response.closed()
        raise
    await response.stay_open(receive)


def begin(
    engine: Engine, response: EventSourceResponse, subscriptions: list[VectorSubscription], outcomes: list[Outcome]
) -> None:
    """Sends where the client stands, what it missed, and opens the subscriptions, in one synchronous step.

    What is gone is said before the id that moves the client beyond it: one whose connection breaks in between comes
    back with its earlier id, and is sent it again.
    """
    for subscription, outcome in zip(subscriptions, outcomes, strict=True):
        subscription.offset = outcome.offset
        if outcome.was_recovering and not outcome.is_recovered:
            head = Position(subscription.stream, outcome.epoch, outcome.offset)
            response.send_queue.enqueue(event("gone", {"stream": head.as_json()}))
    ids = ",".join(map(_place, subscriptions))
    response.send_queue.enqueue(f"retry:{RETRY_MILLISECONDS}\nid:{ids}\n\n".encode())
    for subscription, outcome in zip(subscriptions, outcomes, strict=True):
        for entry in outcome.entries:
            subscription.replay(entry.offset, EVENT_SOURCE.publication(subscription.channel, entry))
        engine.replays.proceed(subscription)
        if subscription.is_ended:  # meanwhile
            engine.subscriptions.discard(subscription)
            response.finish()
    engine.connection_log.changed(response)


def _names(request: DoorRequest) -> list[str]:
    names = list(dict.fromkeys(streams.canonical(name) for name in request.all("stream")))
    if not names:
        raise bad_request("Name at least one stream: ?stream=room:…")
    if len(names) > conf.MAX_EVENT_STREAMS:
        raise bad_request(f"One response has at most {conf.MAX_EVENT_STREAMS} streams.")
    return names


async def _identify(engine: Engine, request: DoorRequest) -> Identity:
    """Returns the user of the Authorization header, or of the short-lived `token` made for this door."""
    token = request.one("token")
    if token is None or request.credential:
        return await identify(engine, request, request.credential)
    if not conf.AUTHENTICATE_EVENTS:
        raise unauthorized("token_invalid", "This server takes no token in an address.")
    return await identify(engine, request, token, import_string(conf.AUTHENTICATE_EVENTS))


async def _readable(engine: Engine, identity: Identity, names: list[str]) -> dict[str, Position]:
    """Returns the heads of these streams. Raises RefusalError unless the user may read all of them."""
    if not all(streams.parse(name) and registry.kind_of(name) and identity.may_read(name) for name in names):
        raise not_found()
    try:
        heads = await engine.reader.readable_positions(identity.user_id, names)
    except LogUnavailableError:
        raise unavailable() from None
    if len(heads) < len(names):
        raise not_found()
    return heads


def _request(name: str, since: Vector) -> SubscribeRequest:
    if name not in since:
        return SubscribeRequest(name)
    offset, epoch = since[name]
    return SubscribeRequest(name, recover=True, offset=offset, epoch=epoch)


def _require_success(outcomes: list[Outcome], heads: list[Position]) -> None:
    if any(outcome.error is ErrorCode.PERMISSION_DENIED for outcome in outcomes):
        raise not_found()
    has_moved = any(outcome.epoch != head.epoch for outcome, head in zip(outcomes, heads, strict=True))
    if has_moved or any(outcome.error is not None for outcome in outcomes):
        raise unavailable()
