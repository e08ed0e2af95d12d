"""The subscriptions of one event loop in a Redis Cluster. They follow their slots: when a node dies or hands over a
slot, a subscription is made again at the node that has the slot then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.crc import key_slot

from tidewire.ground.cancellation import end
from tidewire.layer.cluster_link import FAILURES, NodeLink, has_moved

logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.25
"""So long after a failure a node is asked again, and the cluster which node has which slots."""
REFRESH_SECONDS = 2.0
"""How long the cluster may take to say which node has which slots."""

Receive = Callable[[bytes, bytes], None]
"""`(channel, data)`, called in the loop."""


def node_of(cluster: RedisCluster, channel: bytes) -> ClusterNode:
    """Returns the primary that has a channel's slot, as far as is known. Raises one of FAILURES where none has it."""
    return cluster.nodes_manager.get_node_from_slot(key_slot(channel))


@dataclass(slots=True)
class Wanted:
    """A channel that is to be received. `confirmed` is set while a node has the subscription, or has refused it with
    `error`."""

    link: NodeLink | None = None
    error: Exception | None = None
    confirmed: asyncio.Event = field(default_factory=asyncio.Event)


class ClusterSubscriptions:
    """Keeps each wanted channel subscribed at the node of its slot. One task gives channels their places; nothing else
    does, so that no two answers of the cluster can cross."""

    def __init__(self, cluster: RedisCluster, seeds: list[tuple[str, int]], receive: Receive) -> None:
        self._cluster, self._seeds, self._receive = cluster, seeds, receive
        self._wanted: dict[bytes, Wanted] = {}
        self._links: dict[str, NodeLink] = {}
        self._astray: dict[bytes, None] = {}  # channels without a place, in order
        self._rests_until: dict[str, float] = {}  # of nodes that failed
        self.is_stale = True
        """Whether slots are not where they were: the cluster is asked before a channel gets its place."""
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def add(self, channel: bytes) -> None:
        """Subscribes, and returns when a node has confirmed it. Raises ResponseError where the node refuses it. When
        the call is cancelled, subscribing goes on in the background."""
        wanted = self._wanted.get(channel)
        if wanted is None or wanted.error is not None:
            wanted = self._wanted[channel] = Wanted()
            self._stray(channel)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        await wanted.confirmed.wait()
        if wanted.error is not None:
            raise wanted.error

    def remove(self, channel: bytes) -> None:
        """Unsubscribes, if there is a subscription. Does not wait for the node."""
        wanted = self._wanted.pop(channel, None)
        self._astray.pop(channel, None)
        if wanted is None:
            return
        wanted.confirmed.set()
        if wanted.link is not None:
            wanted.link.unsubscribe(channel)

    async def close(self) -> None:
        """Ends all subscriptions and connections."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)
        links, self._links = list(self._links.values()), {}
        for link in links:
            await link.close()
        self._wanted, self._astray = {}, {}

    # -- giving channels their places ----------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._astray:
                if self.is_stale and not await self.refresh():
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                self._place_all()
                if self._astray:
                    self.is_stale = True
                    await asyncio.sleep(RETRY_SECONDS)

    async def refresh(self) -> bool:
        """Asks the cluster which node has which slots. Returns whether a node has answered."""
        try:
            async with asyncio.timeout(REFRESH_SECONDS):
                nodes = self._cluster.nodes_manager
                await nodes.initialize(additional_startup_nodes_info=self._seeds)
        except FAILURES as error:
            logger.debug("no node of the cluster answers: %s", error)
            return False
        self.is_stale = False
        return True

    def _place_all(self) -> None:
        now = asyncio.get_running_loop().time()
        for channel in list(self._astray):
            try:
                node = node_of(self._cluster, channel)
            except FAILURES:  # no node has the slot now
                node = None
            if node is None or self._rests_until.get(node.name, 0.0) > now:
                continue
            link = self._links.get(node.name)
            if link is None:
                link = self._links[node.name] = NodeLink(node, self)
            del self._astray[channel]
            self._wanted[channel].link = link
            link.subscribe(channel)

    def _stray(self, channel: bytes) -> None:
        self._wanted[channel].confirmed.clear()
        self._wanted[channel].link = None
        self._astray[channel] = None
        self._wake.set()

    # -- what links tell -----------------------------------------------------------------------------------------------

    def receive(self, channel: bytes, data: bytes) -> None:
        self._receive(channel, data)

    def confirm(self, channel: bytes) -> None:
        if channel in self._wanted:
            self._wanted[channel].confirmed.set()

    def lose(self, channel: bytes, error: Exception | None) -> None:
        wanted = self._wanted.get(channel)
        if wanted is None:
            return
        if has_moved(error):
            self.is_stale = True
            self._stray(channel)
        else:
            wanted.error, wanted.link = error, None
            wanted.confirmed.set()

    def end(self, link: NodeLink) -> None:
        if self._links.get(link.name) is link:
            del self._links[link.name]
        self._rests_until[link.name] = asyncio.get_running_loop().time() + RETRY_SECONDS
        self.is_stale = True
        for channel in link.channels & self._wanted.keys():
            self._stray(channel)
