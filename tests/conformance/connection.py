"""A connection with the features that suites expect and ours does not have: anonymous users, subscription tokens,
publishing, and a personal channel that the server subscribes each named user to."""

from __future__ import annotations

import time
from typing import Any

from msgspec.structs import asdict

from tests.conformance import log, wire
from tests.conformance.channels import channel_of, stream_of
from tests.conformance.tokens import claims_of
from tidewire.connection import commands
from tidewire.connection.consumer import EventConsumer
from tidewire.connection.errors import CommandError
from tidewire.connection.protocol_connection import ProtocolConnection
from tidewire.credentials import ExpiredCredential, InvalidCredential
from tidewire.delivery.recovery import Outcome
from tidewire.delivery.subscription import Subscription
from tidewire.protocol import negotiation
from tidewire.protocol.codec import Codec
from tidewire.protocol.codes import ErrorCode
from tidewire.protocol.requests import BadCommand, Command, ConnectRequest, PublishRequest, SubscribeRequest
from tidewire.protocol.results import PresenceResult, PresenceStatsResult, PublishResult

NAMED = ("subscribe", "unsubscribe", "publish", "presence", "presence_stats", "history", "sub_refresh")


class SuiteConnection(ProtocolConnection):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._expiries: dict[str, float] = {}
        self._followed: set[str] = set()

    def decode(self, message: str | bytes) -> list[Command | BadCommand]:
        """Replaces channels by their streams. A namespace that does not exist becomes a name that no stream has."""
        decoded = super().decode(message)
        for command in decoded:
            for name in NAMED if isinstance(command, Command) else ():
                if request := getattr(command, name):
                    request.channel = stream_of(request.channel) or ""
        return decoded

    def begin(self, id: int, request: SubscribeRequest) -> Subscription:
        if not request.channel:
            raise CommandError(ErrorCode.UNKNOWN_CHANNEL)
        self.check_token(request.channel, request.token)
        return super().begin(id, request)

    def check_token(self, stream: str, token: str) -> None:
        """Raises CommandError unless the subscription token is for this stream, and for this user if it names one."""
        if not token:
            return
        try:
            claims = claims_of(token)
        except ExpiredCredential:
            raise CommandError(ErrorCode.TOKEN_EXPIRED) from None
        except InvalidCredential:
            raise CommandError(ErrorCode.PERMISSION_DENIED) from None
        user_id = self.require_identity().user_id
        if stream_of(str(claims.get("channel", ""))) != stream or claims.get("sub", "") != user_id:
            raise CommandError(ErrorCode.PERMISSION_DENIED)
        self._expiries.pop(stream, None)
        if "exp" in claims:
            self._expiries[stream] = claims["exp"]

    def new_subscription(self, request: SubscribeRequest) -> Subscription:
        is_delta = request.delta == "fossil" and self.codec is wire.JSON
        codec = wire.DELTA_JSON if is_delta else self.codec
        self._followed.add(request.channel)
        return Subscription(request.channel, self.info, self.send_queue, codec, self.forget, is_following_presence=True)

    def result_of(
        self, request: SubscribeRequest, subscription: Subscription, outcome: Outcome
    ) -> wire.SuiteSubscribeResult:
        result = asdict(super().result_of(request, subscription, outcome)) | self.lifetime(subscription.stream)
        return wire.SuiteSubscribeResult(**result, delta=request.delta == "fossil")

    def lifetime(self, stream: str) -> dict[str, Any]:
        expires_at = self._expiries.get(stream)
        return {"expires": True, "ttl": max(1, int(expires_at - time.time()))} if expires_at else {}


async def connect(connection: SuiteConnection, request: ConnectRequest) -> wire.SuiteConnectResult:
    """Connects, and subscribes a user with a name to their personal channel."""
    result = wire.SuiteConnectResult(**asdict(await commands.connect(connection, request)))
    user_id = connection.require_identity().user_id
    if user_id:
        own = wire.Subscribe(stream_of(f"#{user_id}"))
        subscription = connection.subscriptions[own.channel] = connection.new_subscription(own)
        (outcome,) = await connection.engine.recovery.subscribe(user_id, [(subscription, own)])
        result.subs = {channel_of(own.channel): connection.result_of(own, subscription, outcome)}
        connection.engine.replays.proceed(subscription)
        connection.engine.presence.arrive(subscription)
    return result


async def sub_refresh(connection: SuiteConnection, request: wire.SubRefresh) -> wire.SubRefreshResult:
    if request.channel not in connection.subscriptions:
        raise CommandError(ErrorCode.PERMISSION_DENIED)
    connection.check_token(request.channel, request.token)
    return wire.SubRefreshResult(**connection.lifetime(request.channel))


async def publish(connection: SuiteConnection, request: PublishRequest) -> PublishResult:
    if not request.channel:
        raise CommandError(ErrorCode.UNKNOWN_CHANNEL)
    info = f"{connection.id} {connection.require_identity().user_id}"
    await connection.engine.reader.run(log.publish, request.channel, bytes(request.data), info)
    return PublishResult()


async def presence(connection: SuiteConnection, request: Any) -> PresenceResult:
    """Returns presence to clients that have subscribed on this connection. Suites disagree about the others."""
    kind = commands.registry.kind_of(request.channel)
    if kind is None or not kind.has_presence or request.channel not in connection._followed:
        raise CommandError(ErrorCode.NOT_AVAILABLE)
    return PresenceResult(await connection.engine.presence.read(request.channel))


async def presence_stats(connection: SuiteConnection, request: Any) -> PresenceStatsResult:
    infos = (await presence(connection, request)).presence.values()
    return PresenceStatsResult(num_clients=len(infos), num_users=len({info.user for info in infos}))


SuiteConnection.answers = commands.ANSWERS | {
    "connect": connect,
    "publish": publish,
    "presence": presence,
    "presence_stats": presence_stats,
    "sub_refresh": sub_refresh,
}


class SuiteConsumer(EventConsumer):
    connection_class = SuiteConnection

    def negotiate(self) -> tuple[Codec, str | None]:
        codec, subprotocol = negotiation.negotiate(self.scope)
        return (wire.JSON if codec.is_text else wire.PROTOBUF), subprotocol
