"""A connection that speaks the Centrifuge client protocol: commands in, replies out.

Commands are answered one at a time and in order; neighbouring subscribes are answered together. A mistake of the client
gets an error with a code and changes nothing. Where no error can be sent, the connection ends with the code that says
whether the client should come back.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import Any

from msgspec import UNSET

from tidewire.connection import commands
from tidewire.connection.connection import Connection
from tidewire.connection.errors import CommandError, DisconnectError
from tidewire.connection.receive_queue import Parsed
from tidewire.declare.registry import registry
from tidewire.delivery.recovery import Outcome
from tidewire.delivery.subscription import Subscription
from tidewire.engine.engine import Engine
from tidewire.ground import metrics, streams
from tidewire.ground.token_bucket import Cost
from tidewire.protocol.codec import Codec, subscribe_result
from tidewire.protocol.codes import Code, Disconnect, ErrorCode
from tidewire.protocol.requests import BadCommand, BadFrame, Command, SubscribeRequest
from tidewire.protocol.results import Result, SubscribeResult

logger = logging.getLogger(__name__)

TURN_COMMANDS = 8
"""Commands of one message that are answered in one turn of the event loop, at least: the other clients have theirs."""


class ProtocolConnection(Connection):
    """`answers` holds the function that answers each command."""

    answers = commands.ANSWERS

    def __init__(self, engine: Engine, *, codec: Codec, **options: Any) -> None:
        super().__init__(engine, codec=codec, **options)
        self._command_codec = codec

    @property
    def codec(self) -> Codec:
        return self._command_codec

    def parse(self, message: str | bytes) -> Parsed:
        """Returns the commands of one message. Each costs, so that a message full of them is not cheaper than many."""
        decoded = self.decode(message)
        subscribes = sum(_is_subscribe(command) for command in decoded)
        return Parsed(decoded, Cost(len(decoded) - subscribes, subscribes))

    async def answer(self, contents: list[list[Command | BadCommand]]) -> None:
        for is_subscribe, group in itertools.groupby(itertools.chain.from_iterable(contents), _is_subscribe):
            if is_subscribe:
                await self._subscribe(list(group))
                continue
            for number, command in enumerate(group, 1):
                if not self._is_closed:
                    await self._answer(command)
                if number % TURN_COMMANDS == 0:
                    await asyncio.sleep(0)

    def decode(self, message: str | bytes) -> list[Command | BadCommand]:
        """Returns the commands of one frame. Raises DisconnectError for what is no frame, and above the limits."""
        if len(message) > self.rules.max_frame_bytes:
            raise DisconnectError(Disconnect.BAD_REQUEST)
        try:
            decoded = list(self.codec.decode(message))
        except BadFrame as error:
            logger.info("bad frame: %s", error)
            raise DisconnectError(Disconnect.BAD_REQUEST) from None
        if len(decoded) > self.rules.max_commands:
            raise DisconnectError(Disconnect.BAD_REQUEST)
        return decoded

    async def _answer(self, command: Command | BadCommand) -> None:
        """Answers one command that is not a subscribe."""
        if isinstance(command, BadCommand):
            self.require_identity()
            self._refuse(command.id, ErrorCode.BAD_REQUEST, "other")
            return
        if command.is_pong:
            self.pong()
            return
        method = next(iter(command.methods), "")
        if method == "send":
            return  # asynchronous messages have no reply, and no part of this server uses them
        if command.id == 0:
            raise DisconnectError(Disconnect.BAD_REQUEST)
        if method != "connect":
            self.require_identity()
        answer = self.answers.get(method)
        try:
            if answer is None:
                raise CommandError(ErrorCode.NOT_AVAILABLE if method else ErrorCode.METHOD_NOT_FOUND)
            if method in commands.COUNTED and not await self.engine.reader.may_command(self.require_identity()):
                raise CommandError(ErrorCode.TOO_MANY_REQUESTS)
            result = await answer(self, getattr(command, method))
        except CommandError as error:
            self._refuse(command.id, error.code, "other" if answer is None else method)
        else:
            self._reply(command.id, result)

    # -- subscribe ---------------------------------------------------------------------------------------------------

    async def _subscribe(self, group: list[Command | BadCommand]) -> None:
        """Answers neighbouring subscribes with one access query."""
        identity = self.require_identity()
        begun: list[tuple[int, SubscribeRequest, Subscription]] = []
        for command in group:
            if isinstance(command, Command) and command.subscribe is not UNSET:
                try:
                    begun.append((command.id, command.subscribe, self.begin(command.id, command.subscribe)))
                except CommandError as error:
                    self._refuse(command.id, error.code, "subscribe")
        if not begun:
            return
        try:
            with metrics.subscribing.time():
                outcomes = await self.engine.recovery.subscribe(
                    identity.user_id, [(subscription, request) for _, request, subscription in begun]
                )
        except Exception:
            logger.exception("subscribing failed")
            outcomes = [Outcome(error=ErrorCode.INTERNAL)] * len(begun)
        for (id, request, subscription), outcome in zip(begun, outcomes, strict=True):
            self._conclude(id, request, subscription, outcome)

    def begin(self, id: int, request: SubscribeRequest) -> Subscription:
        """Registers a subscription of this connection. Raises CommandError, and DisconnectError where there is no id to
        answer to."""
        if id == 0:
            raise DisconnectError(Disconnect.BAD_REQUEST)
        if request.has_filter:
            raise CommandError(ErrorCode.BAD_REQUEST)
        if request.type != 0:
            raise CommandError(ErrorCode.NOT_AVAILABLE)
        stream = streams.canonical(request.channel)
        if stream in self.subscriptions:
            raise CommandError(ErrorCode.ALREADY_SUBSCRIBED)
        is_possible = streams.parse(stream) and registry.kind_of(stream)
        if not is_possible or not self.require_identity().may_read(stream):
            raise CommandError(ErrorCode.PERMISSION_DENIED)  # as for a hidden stream
        if len(self.subscriptions) >= self.rules.max_subscriptions:
            raise CommandError(ErrorCode.LIMIT_EXCEEDED)
        subscription = self.subscriptions[stream] = self.new_subscription(request)
        return subscription

    def new_subscription(self, request: SubscribeRequest) -> Subscription:
        return Subscription(
            streams.canonical(request.channel),
            self.info,
            self.send_queue,
            self.codec,
            self.forget,
            is_following_presence=request.join_leave,
            channel=request.channel,
        )

    def _conclude(self, id: int, request: SubscribeRequest, subscription: Subscription, outcome: Outcome) -> None:
        """Sends the reply and opens the subscription in one synchronous step: no event can come between them."""
        if self._is_closed or outcome.error is not None:
            self.release(subscription)
            if outcome.error is not None:
                self._refuse(id, outcome.error, "subscribe")
            return
        subscription.delivered += len(outcome.entries)
        self._reply(id, self.result_of(request, subscription, outcome))
        self.engine.replays.proceed(subscription)
        self.engine.presence.arrive(subscription)
        self.engine.connection_log.changed(self)

    def result_of(self, request: SubscribeRequest, subscription: Subscription, outcome: Outcome) -> SubscribeResult:
        return subscribe_result(
            subscription.codec,
            epoch=outcome.epoch,
            offset=outcome.offset,
            was_recovering=outcome.was_recovering,
            is_recovered=outcome.is_recovered,
            entries=outcome.entries,
        )

    # -- replies -----------------------------------------------------------------------------------------------------

    def _reply(self, id: int, result: Result) -> None:
        metrics.replies.labels(result.method, 0).inc()
        frame = self.codec.reply(id, result)
        if result.method in commands.COSTS_BY_SIZE:
            self.extra_cost += len(frame) // commands.COUNTED_BYTES
        self.send_queue.enqueue(frame)

    def _refuse(self, id: int, code: Code, method: str) -> None:
        metrics.replies.labels(method, code.code).inc()
        self.send_queue.enqueue(self.codec.error(id, code))


def _is_subscribe(command: Command | BadCommand) -> bool:
    return isinstance(command, Command) and command.subscribe is not UNSET
