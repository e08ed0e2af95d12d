"""What suites expect of a connection beyond ours: anonymous users, subscription tokens, publishing, a channel of one's
own that the server subscribes to."""

from __future__ import annotations

import time
from typing import Any

from msgspec.structs import asdict

from tests.conformance import log, wire
from tests.conformance.channels import channel_of, stream_of
from tests.conformance.tokens import claims_of
from tidewire.connection import commands
from tidewire.connection.commands import Refused
from tidewire.connection.connection import Connection
from tidewire.connection.consumer import EventConsumer
from tidewire.credentials import ExpiredCredential, InvalidCredential
from tidewire.delivery.recovery import Outcome
from tidewire.delivery.subscription import Subscription
from tidewire.protocol import negotiation
from tidewire.protocol.codes import ErrorCode
from tidewire.protocol.pushes import ClientInfo
from tidewire.protocol.requests import BadCommand, Command, PublishRequest, SubscribeRequest
from tidewire.protocol.results import PresenceResult, PresenceStatsResult, PublishResult, Result

NAMED = ("subscribe", "unsubscribe", "publish", "presence", "presence_stats", "history", "sub_refresh")


class SuiteConnection(Connection):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._expiries: dict[str, float] = {}
        self._followed: set[str] = set()

    def _decode(self, message: str | bytes) -> list[Command | BadCommand]:
        """The channels' own names end here. A namespace that is not there is a stream that cannot be."""
        decoded = super()._decode(message)
        for command in decoded:
            for name in NAMED if isinstance(command, Command) else ():
                if request := getattr(command, name):
                    request.channel = stream_of(request.channel) or ""
        return decoded

    # -- connect -----------------------------------------------------------------------------------------------------

    async def connect(self, token: str) -> wire.SuiteConnectResult:
        """Subscribes a user with a name to a channel of their own."""
        result = wire.SuiteConnectResult(**asdict(await super().connect(token)))
        if self.identity.user_id:
            request = wire.Subscribe(stream_of(f"#{self.identity.user_id}"))
            subscription = self.subscriptions[request.channel] = self._subscription(request)
            (outcome,) = await self.services.recovery.subscribe(self.identity.user_id, [(subscription, request)])
            result.subs = {channel_of(request.channel): self._subscribe_result(subscription, outcome)}
            self.services.recovery.proceed(subscription)
            self.services.presence.arrive(subscription)
        return result

    # -- subscribe ---------------------------------------------------------------------------------------------------

    def _begin(self, command: Command) -> tuple[Subscription, Command] | None:
        if not command.subscribe.channel:
            return self._refuse(command.id, ErrorCode.UNKNOWN_CHANNEL)
        try:
            self._check(command.subscribe.channel, command.subscribe.token)
        except Refused as refused:
            return self._refuse(command.id, refused.code)
        return super()._begin(command)

    def _check(self, stream: str, token: str) -> None:
        """A subscription token is for one channel, and for the connection's user where it names one."""
        if not token:
            return
        try:
            claims = claims_of(token)
        except ExpiredCredential:
            raise Refused(ErrorCode.TOKEN_EXPIRED) from None
        except InvalidCredential:
            raise Refused(ErrorCode.PERMISSION_DENIED) from None
        if stream_of(str(claims.get("channel", ""))) != stream or claims.get("sub", "") != self.identity.user_id:
            raise Refused(ErrorCode.PERMISSION_DENIED)
        self._expiries.pop(stream, None)
        if "exp" in claims:
            self._expiries[stream] = claims["exp"]

    def _subscription(self, request: SubscribeRequest) -> Subscription:
        is_delta = request.delta == "fossil" and self.codec is wire.JSON
        codec = wire.DELTA_JSON if is_delta else self.codec
        self._followed.add(request.channel)
        return Subscription(request.channel, self.info, self._send_queue, codec, self._forget, is_hearing_joins=True)

    def _answer_subscribe(self, command: Command, subscription: Subscription, outcome: Outcome) -> None:
        self._has_delta = command.subscribe.delta == "fossil"
        super()._answer_subscribe(command, subscription, outcome)

    def _subscribe_result(self, subscription: Subscription, outcome: Outcome) -> wire.SuiteSubscribeResult:
        result = asdict(super()._subscribe_result(subscription, outcome)) | self._lifetime(subscription.stream)
        return wire.SuiteSubscribeResult(**result, delta=getattr(self, "_has_delta", False))

    def _lifetime(self, stream: str) -> dict[str, Any]:
        expires_at = self._expiries.get(stream)
        return {"expires": True, "ttl": max(1, int(expires_at - time.time()))} if expires_at else {}


async def sub_refresh(connection: SuiteConnection, request: wire.SubRefresh) -> Result:
    if request.channel not in connection.subscriptions:
        raise Refused(ErrorCode.PERMISSION_DENIED)
    connection._check(request.channel, request.token)
    return wire.SubRefreshResult(**connection._lifetime(request.channel))


async def publish(connection: SuiteConnection, request: PublishRequest) -> Result:
    if not request.channel:
        raise Refused(ErrorCode.UNKNOWN_CHANNEL)
    info = f"{connection.id} {connection.identity.user_id}"
    await connection.services.reader._run(log.publish, request.channel, bytes(request.data), info)
    return PublishResult()


async def presence(connection: SuiteConnection, request: Any) -> PresenceResult:
    """For who has followed the channel on this connection: suites disagree whether it is there for others."""
    kind = commands.registry.kind_of(request.channel)
    if kind is None or not kind.has_presence or request.channel not in connection._followed:
        raise Refused(ErrorCode.NOT_AVAILABLE)
    infos = await connection.services.presence.read(request.channel)
    return PresenceResult({client: ClientInfo(**info) for client, info in infos.items()})


async def presence_stats(connection: SuiteConnection, request: Any) -> Result:
    infos = (await presence(connection, request)).presence.values()
    return PresenceStatsResult(num_clients=len(infos), num_users=len({info.user for info in infos}))


SuiteConnection.answers = commands.ANSWERS | {
    "publish": publish,
    "presence": presence,
    "presence_stats": presence_stats,
    "sub_refresh": sub_refresh,
}


class SuiteConsumer(EventConsumer):
    connection_class = SuiteConnection

    @staticmethod
    def negotiate(scope: dict[str, Any]) -> tuple[Any, str | None]:
        codec, subprotocol = negotiation.negotiate(scope)
        return (wire.JSON if codec.is_text else wire.PROTOBUF), subprotocol
