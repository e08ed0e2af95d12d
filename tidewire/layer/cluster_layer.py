"""A channel layer on a Redis Cluster (Redis 7 and newer, Valkey), with its sharded publish/subscribe.

Plain PUBLISH in a cluster sends each message to every node; SPUBLISH sends it to the node of the channel's slot and its
replicas only, so that more nodes carry more messages. channels_redis has no layer for it.

Like channels_redis' pub/sub layer it keeps nothing: a message reaches the mailboxes that are subscribed now, at most
once. What is lost while a node fails is found in the event log.
"""

from __future__ import annotations

import asyncio
import logging
import types
import uuid
from typing import Any

import msgspec
from channels.layers import BaseChannelLayer
from redis.exceptions import MovedError

from tidewire.layer import redis_clients
from tidewire.layer.cluster_link import FAILURES
from tidewire.layer.cluster_subscriptions import ClusterSubscriptions, node_of

logger = logging.getLogger(__name__)

CAPACITY = 10_000
"""Messages that a mailbox keeps while they are not received. Above this the oldest are dropped: the log has them."""
OPEN_SECONDS = 2.0

Message = dict[str, Any]


class ClusterChannelLayer(BaseChannelLayer):
    """`CONFIG` is `{"hosts": [{"nodes": [(host, port), …], …}], "prefix": "tidewire"}`; see redis_clients.

    One object serves all event loops of a process. Each loop has connections of its own, which are closed with it.
    """

    extensions = ["groups", "flush"]

    def __init__(self, hosts: list[dict[str, Any]], prefix: str = "asgi", capacity: int = CAPACITY) -> None:
        super().__init__(capacity=capacity)
        if len(hosts) != 1 or not redis_clients.is_cluster(hosts[0]):
            raise ValueError("hosts must hold one dict with the nodes of one cluster")
        self._server, self._prefix = hosts[0], prefix
        self._loops: dict[asyncio.AbstractEventLoop, LoopLayer] = {}

    def _here(self) -> LoopLayer:
        loop = asyncio.get_running_loop()
        if loop not in self._loops:
            self._loops[loop] = LoopLayer(self._server, self.capacity)
            _close_with(loop, self._loops)
        return self._loops[loop]

    async def new_channel(self, prefix: str = "specific.") -> str:
        """Returns the name of a new mailbox of this process, which is subscribed."""
        channel = f"{self._prefix}{prefix}{uuid.uuid4().hex}"
        await self._here().open(channel)
        return channel

    async def receive(self, channel: str) -> Message:
        """Returns the next message of a mailbox. Raises msgspec.DecodeError for one that is none. May be cancelled."""
        here = self._here()
        if channel not in here.mailboxes:
            await here.open(channel)
        return msgspec.msgpack.decode(await here.mailboxes[channel].get())

    async def send(self, channel: str, message: Message) -> None:
        await self._here().publish(channel, msgspec.msgpack.encode(message))

    async def group_add(self, group: str, channel: str) -> None:
        """Adds a mailbox of this process to a group. Messages that are sent after it has returned arrive."""
        await self._here().join(self._group(group), channel)

    async def group_discard(self, group: str, channel: str) -> None:
        self._here().leave(self._group(group), channel)

    async def group_send(self, group: str, message: Message) -> None:
        await self._here().publish(self._group(group), msgspec.msgpack.encode(message))

    async def flush(self) -> None:
        """Forgets all mailboxes and groups of this loop, and closes its connections."""
        here = self._loops.pop(asyncio.get_running_loop(), None)
        if here is not None:
            await here.close()

    def _group(self, group: str) -> str:
        return f"{self._prefix}__group__{group}"


class LoopLayer:
    """The layer of one event loop."""

    def __init__(self, server: redis_clients.Server, capacity: int) -> None:
        self.mailboxes: dict[str, asyncio.Queue[bytes]] = {}
        self._groups: dict[bytes, set[str]] = {}
        self._capacity = capacity
        self._cluster = redis_clients.cluster_client(server)
        self._subscriptions = ClusterSubscriptions(self._cluster, server["nodes"], self._receive)

    async def open(self, channel: str) -> None:
        """Subscribes a mailbox. Raises ConnectionError when no node has taken the subscription in OPEN_SECONDS."""
        self.mailboxes[channel] = asyncio.Queue(self._capacity)
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await self._subscriptions.add(channel.encode())
        except TimeoutError:
            del self.mailboxes[channel]
            self._subscriptions.remove(channel.encode())
            raise ConnectionError("no node of the cluster takes a subscription") from None

    async def join(self, group: str, channel: str) -> None:
        if channel not in self.mailboxes:
            raise RuntimeError("a mailbox of another process cannot be added to a group here")
        self._groups.setdefault(group.encode(), set()).add(channel)
        await self._subscriptions.add(group.encode())

    def leave(self, group: str, channel: str) -> None:
        members = self._groups.get(group.encode(), set())
        members.discard(channel)
        if not members and self._groups.pop(group.encode(), None) is not None:
            self._subscriptions.remove(group.encode())

    async def publish(self, channel: str, data: bytes) -> None:
        """Sends to the node of the channel's slot. A node that names another one is followed once."""
        if self._subscriptions.is_stale:
            await self._subscriptions.refresh()
        try:
            try:
                await self._spublish(channel, data)
            except MovedError as moved:
                await self._cluster.nodes_manager.move_slot(moved)
                await self._spublish(channel, data)
        except FAILURES:
            self._subscriptions.is_stale = True
            raise

    async def _spublish(self, channel: str, data: bytes) -> None:
        name = channel.encode()
        await node_of(self._cluster, name).execute_command("SPUBLISH", name, data)

    def _receive(self, channel: bytes, data: bytes) -> None:
        names = self._groups.get(channel) or (channel.decode(),)
        for mailbox in (self.mailboxes[name] for name in names if name in self.mailboxes):
            if mailbox.full():
                mailbox.get_nowait()
            mailbox.put_nowait(data)

    async def close(self) -> None:
        await self._subscriptions.close()
        self.mailboxes, self._groups = {}, {}
        await self._cluster.nodes_manager.aclose()
        await self._cluster.nodes_manager.aclose("startup_nodes")


def _close_with(loop: asyncio.AbstractEventLoop, loops: dict[asyncio.AbstractEventLoop, LoopLayer]) -> None:
    """Closes the connections of a loop before it is closed. asyncio has no other place for it."""
    close = loop.close

    def close_all(self: asyncio.AbstractEventLoop) -> None:
        here = loops.pop(loop, None)
        if here is not None and not loop.is_closed():
            loop.run_until_complete(here.close())
        close()

    loop.close = types.MethodType(close_all, loop)
