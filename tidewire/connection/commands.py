"""The answers to commands: one function each, `(connection, request) -> result`. Refusals are raised.

`subscribe` is not among them: neighbouring ones are answered together, by the connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Raw

from tidewire.connection import rpc
from tidewire.declare.registry import registry
from tidewire.delivery.subscription import Subscription
from tidewire.ground import streams
from tidewire.ground.actors import Actor
from tidewire.ground.positions import PAGE_EVENTS
from tidewire.protocol import strict_json
from tidewire.protocol.codec import history_result
from tidewire.protocol.codes import Code, ErrorCode
from tidewire.protocol.events import EphemeralMessage
from tidewire.protocol.pushes import ClientInfo
from tidewire.protocol.requests import (
    ChannelRequest,
    ConnectRequest,
    HistoryRequest,
    PublishRequest,
    RefreshRequest,
    RpcRequest,
)
from tidewire.protocol.results import (
    PingResult,
    PresenceResult,
    PresenceStatsResult,
    PublishResult,
    Result,
    RpcResult,
    UnsubscribeResult,
)

if TYPE_CHECKING:
    from tidewire.connection.connection import Connection

logger = logging.getLogger(__name__)

MAX_SIGNAL_BYTES = 4096


class Refused(Exception):
    """The command gets this error."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.reason)
        self.code = code


async def connect(connection: Connection, request: ConnectRequest) -> Result:
    return await connection.connect(request.token)


async def refresh(connection: Connection, request: RefreshRequest) -> Result:
    return await connection.refresh(request.token)


async def unsubscribe(connection: Connection, request: ChannelRequest) -> Result:
    subscription = connection.subscriptions.get(request.channel)
    if subscription is not None:
        connection.release(subscription)
    return UnsubscribeResult()


async def ping(connection: Connection, request: object) -> Result:
    return PingResult()


async def presence(connection: Connection, request: ChannelRequest) -> PresenceResult:
    subscription = _open(connection, request.channel)
    if not registry.kind_of(subscription.stream).has_presence:
        raise Refused(ErrorCode.NOT_AVAILABLE)
    infos = await connection.services.presence.read(request.channel)
    return PresenceResult({client: ClientInfo(info["user"], info["client"]) for client, info in infos.items()})


async def presence_stats(connection: Connection, request: ChannelRequest) -> Result:
    infos = (await presence(connection, request)).presence.values()
    return PresenceStatsResult(num_clients=len(infos), num_users=len({info.user for info in infos}))


async def publish(connection: Connection, request: PublishRequest) -> Result:
    """A signal: typed, not stored, without an offset. `data` is {"type": …, "data": …} with a type the kind allows."""
    subscription = _open(connection, request.channel)
    if not connection.identity.may_publish:
        raise Refused(ErrorCode.PERMISSION_DENIED)
    signal = _signal(subscription, request.data)
    _throttle(connection)
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    actor = Actor("user", connection.identity.user_id)
    event = EphemeralMessage(signal["type"], time, actor, signal.get("data"))
    data = msgspec.json.encode(event).decode()
    connection.services.publisher.publish_ephemeral(request.channel, data, connection.info)
    return PublishResult()


async def history(connection: Connection, request: HistoryRequest) -> Result:
    """Events of the log. Without a limit, only where the stream stands."""
    await _admitted(connection, request.channel)  # strangers get nowhere near the log
    reader, limit = connection.services.reader, min(request.limit, PAGE_EVENTS)
    since = request.since
    if limit == 0:
        head = (await reader.positions([request.channel]))[request.channel]
        return history_result(connection.codec, head.epoch, head.offset, [])
    if request.reverse:
        page = await reader.page_before(request.channel, None if since is UNSET else since.offset, limit)
    else:
        page = await reader.page(request.channel, 0 if since is UNSET else since.offset, limit)
    await connection.services.hub.revocations.apply(page.entries)
    await _admitted(connection, request.channel)  # again: whoever was removed before the page was read gets none of it
    if since is not UNSET and since.epoch not in ("", page.head.epoch):
        raise Refused(ErrorCode.UNRECOVERABLE_POSITION)
    return history_result(connection.codec, page.head.epoch, page.head.offset, page.entries)


async def call(connection: Connection, request: RpcRequest) -> Result:
    """A registered method of the application."""
    method = rpc.method(request.method)
    if method is None:
        raise Refused(ErrorCode.NOT_AVAILABLE)
    data = _json(request.data, max_bytes=None)
    try:
        result = await method(connection.caller, data)
    except rpc.BadCall:
        raise Refused(ErrorCode.BAD_REQUEST) from None
    return RpcResult(Raw(msgspec.json.encode(result)))


async def unknown(connection: Connection, request: object) -> Result:
    raise Refused(ErrorCode.NOT_AVAILABLE if request is not None else ErrorCode.METHOD_NOT_FOUND)


ANSWERS: dict[str, Callable[[Connection, Any], Awaitable[Result]]] = {
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
"""What counts against a quota. Not what a client says when it comes back: it must not be kept away for having been
away; and not calls, which the application counts itself."""


# -- steps ---------------------------------------------------------------------------------------------------------


def _open(connection: Connection, channel: str) -> Subscription:
    """The connection's subscription, while its access is not in doubt."""
    subscription = connection.subscriptions.get(channel)
    if subscription is None or not subscription.is_open:
        raise Refused(ErrorCode.PERMISSION_DENIED)
    return subscription


async def _admitted(connection: Connection, channel: str) -> None:
    """What is no name of a stream is like one that is hidden. A database may even refuse to look for it."""
    identity = connection.identity
    if not streams.parse(channel) or not registry.kind_of(channel):
        raise Refused(ErrorCode.PERMISSION_DENIED)
    if not identity.may_read(channel) or not await connection.services.reader.admit(identity.user_id, [channel]):
        raise Refused(ErrorCode.PERMISSION_DENIED)


def _signal(subscription: Subscription, data: Raw) -> dict[str, Any]:
    signals = registry.kind_of(subscription.stream).ephemeral
    if not signals:
        raise Refused(ErrorCode.NOT_AVAILABLE)
    signal = _json(data, MAX_SIGNAL_BYTES)
    if not isinstance(signal, dict) or not signal.keys() <= {"type", "data"}:
        raise Refused(ErrorCode.BAD_REQUEST)
    if not isinstance(signal.get("type"), str) or signal["type"] not in signals:
        raise Refused(ErrorCode.BAD_REQUEST)
    return signal


def _throttle(connection: Connection) -> None:
    """Over all streams of the connection: who subscribes anew, or types in many rooms, does not begin anew."""
    if not connection.signals.take(asyncio.get_running_loop().time()):
        raise Refused(ErrorCode.TOO_MANY_REQUESTS)


def _json(data: Raw, max_bytes: int | None) -> Any:
    try:
        return strict_json.decode(bytes(data), max_bytes)
    except strict_json.JSONError:
        raise Refused(ErrorCode.BAD_REQUEST) from None
