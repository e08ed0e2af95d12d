"""The answers to commands: one function each, `async (connection, request) -> result`. All raise CommandError.

`subscribe` is not among them: the connection answers neighbouring ones together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from tidewire.connection import rpc
from tidewire.connection.connection import Connection
from tidewire.connection.errors import CommandError, DisconnectError
from tidewire.declare.registry import registry
from tidewire.delivery.subscription import Subscription
from tidewire.engine import ephemeral_messages
from tidewire.engine.ephemeral_messages import RefusedPublishError
from tidewire.ground import streams
from tidewire.ground.positions import PAGE_EVENTS
from tidewire.protocol import strict_json
from tidewire.protocol.codec import history_result
from tidewire.protocol.codes import Disconnect, ErrorCode
from tidewire.protocol.requests import (
    ChannelRequest,
    ConnectRequest,
    HistoryRequest,
    PublishRequest,
    RefreshRequest,
    RpcRequest,
)
from tidewire.protocol.results import (
    ConnectResult,
    HistoryResult,
    PingResult,
    PresenceResult,
    PresenceStatsResult,
    PublishResult,
    RefreshResult,
    Result,
    RpcResult,
    UnsubscribeResult,
)

VERSION = "tidewire"

Answer = Callable[[Any, Any], Awaitable[Result]]


# -- identity ----------------------------------------------------------------------------------------------------------


async def connect(connection: Connection, request: ConnectRequest) -> ConnectResult:
    """The first command of every client. The credential is that of the command, or else that of the handshake.

    Raises DisconnectError for a long-lived token in an address.
    """
    if connection.identity is not None:
        raise DisconnectError(Disconnect.BAD_REQUEST)
    connection.sdk = f"{request.name} {request.version}".strip()
    identity = await connection.authenticate(request.token or connection.credential)
    if connection.is_token_in_address and request.token and not identity.is_short_lived:
        raise DisconnectError(Disconnect.INVALID_TOKEN)
    connection.start_pings()
    ping = connection.rules.ping_seconds
    result = ConnectResult(connection.id, VERSION, ping, pong=True, **connection.renew_expiry())
    if connection.session:
        result.session, result.node = connection.session, connection.node
    return result


async def refresh(connection: Connection, request: RefreshRequest) -> RefreshResult:
    """A newer credential of the same user and kind."""
    await connection.authenticate(request.token)
    return RefreshResult(connection.id, VERSION, **connection.renew_expiry())


async def ping(connection: Connection, request: object) -> PingResult:
    return PingResult()


# -- one stream --------------------------------------------------------------------------------------------------------


async def unsubscribe(connection: Connection, request: ChannelRequest) -> UnsubscribeResult:
    subscription = connection.subscriptions.get(streams.canonical(request.channel))
    if subscription is not None:
        connection.release(subscription)
    return UnsubscribeResult()


async def presence(connection: Connection, request: ChannelRequest) -> PresenceResult:
    subscription = _open_subscription(connection, request.channel)
    kind = registry.kind_of(subscription.stream)
    if kind is None or not kind.has_presence:
        raise CommandError(ErrorCode.NOT_AVAILABLE)
    return PresenceResult(await connection.engine.presence.read(subscription.stream))


async def presence_stats(connection: Connection, request: ChannelRequest) -> PresenceStatsResult:
    infos = (await presence(connection, request)).presence.values()
    return PresenceStatsResult(num_clients=len(infos), num_users=len({info.user for info in infos}))


async def publish(connection: Connection, request: PublishRequest) -> PublishResult:
    """Publishes an ephemeral message, `data` {"type": …, "data": …}: its type is one that the kind of stream allows.
    The rate is limited over all streams of the connection, so that subscribing again does not start a new burst."""
    subscription = _open_subscription(connection, request.channel)
    try:
        data = ephemeral_messages.encode(subscription.stream, bytes(request.data), connection.require_identity())
    except RefusedPublishError as error:
        raise CommandError(error.code) from None
    if not connection.ephemeral_bucket.take(asyncio.get_running_loop().time()):
        raise CommandError(ErrorCode.TOO_MANY_REQUESTS)
    connection.engine.publish_ephemeral(subscription.stream, data, connection.info)
    return PublishResult()


async def history(connection: Connection, request: HistoryRequest) -> HistoryResult:
    """Returns events of the log, or only the position of the stream when the limit is 0."""
    stream = streams.canonical(request.channel)
    await _require_access(connection, stream)
    reader, limit = connection.engine.reader, PAGE_EVENTS if request.limit < 0 else min(request.limit, PAGE_EVENTS)
    since = request.since
    if limit == 0:
        head = (await reader.positions([stream]))[stream]
        return history_result(connection.codec, head.epoch, head.offset, [])
    if request.reverse:
        page = await reader.page_before(stream, None if since is UNSET else since.offset, limit)
    else:
        page = await reader.page(stream, 0 if since is UNSET else since.offset, limit)
    await connection.engine.revocations.apply_for(page.entries)
    # Again: a user who was removed before the page was read gets nothing of it.
    await _require_access(connection, stream)
    if since is not UNSET and since.epoch not in ("", page.head.epoch):
        raise CommandError(ErrorCode.UNRECOVERABLE_POSITION)
    return history_result(connection.codec, page.head.epoch, page.head.offset, page.entries)


def _open_subscription(connection: Connection, channel: str) -> Subscription:
    """Returns the connection's subscription to this stream, if its access is not in doubt."""
    subscription = connection.subscriptions.get(streams.canonical(channel))
    if subscription is None or not subscription.is_open:
        raise CommandError(ErrorCode.PERMISSION_DENIED)
    return subscription


async def _require_access(connection: Connection, stream: str) -> None:
    """Raises unless the user may read this stream now. A name that cannot be a stream's looks like a hidden stream, and
    is not looked up: a database may refuse the text itself."""
    identity = connection.require_identity()
    is_possible = streams.parse(stream) and registry.kind_of(stream) and identity.may_read(stream)
    if not is_possible or not await connection.engine.reader.readable_positions(identity.user_id, [stream]):
        raise CommandError(ErrorCode.PERMISSION_DENIED)


# -- the application's methods -----------------------------------------------------------------------------------------


async def call(connection: Connection, request: RpcRequest) -> RpcResult:
    """Calls a registered method of the application."""
    method = rpc.method(request.method)
    if method is None:
        raise CommandError(ErrorCode.NOT_AVAILABLE)
    data = _json(request.data)
    try:
        result = await method(connection.rpc_context, data)
    except rpc.RpcDataError:
        raise CommandError(ErrorCode.BAD_REQUEST) from None
    return RpcResult(Raw(msgspec.json.encode(result)))


def _json(data: Raw) -> Any:
    try:
        return strict_json.decode(bytes(data))
    except strict_json.JSONError:
        raise CommandError(ErrorCode.BAD_REQUEST) from None


ANSWERS: dict[str, Answer] = {
    "connect": connect,
    "refresh": refresh,
    "unsubscribe": unsubscribe,
    "ping": ping,
    "presence": presence,
    "presence_stats": presence_stats,
    "publish": publish,
    "history": history,
    "rpc": call,
}

COUNTED = frozenset({"history", "presence", "presence_stats", "publish"})
"""The commands that count against a quota. Those that a client sends when it comes back do not: it must not be kept
away because it was away. Nor do calls, which the application counts itself."""

COSTS_BY_SIZE = frozenset({"history", "presence", "presence_stats", "rpc"})
"""The commands whose answers cost by their size, because a small question can ask for much."""
COUNTED_BYTES = 16 * 1024
"""A longer answer costs one command more for each of these."""
