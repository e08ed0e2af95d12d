"""Which Redis server has the presence of a stream: one of several shards, or a node of a Redis Cluster.

All entries of a stream lie at one server, which gives them its time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from redis.asyncio import RedisCluster
    from redis.asyncio.cluster import ClusterNode


class Server(Protocol):
    """What the store needs of a server. A node of a cluster is one too."""

    async def time(self) -> tuple[int, int]:
        """Returns the server's clock: seconds and microseconds."""
        ...

    def pipeline(self, transaction: bool = True) -> Any:
        """Returns a redis-py pipeline. A cluster has no transactions over the keys of several streams."""
        ...


class Servers(Protocol):
    async def of(self, key: str) -> Server:
        """Returns the server that has this key, always the same object. Raises what the servers raise."""
        ...


class Shards:
    """Independent servers, redis-py's asyncio clients. The key decides which."""

    def __init__(self, servers: Sequence[Any]) -> None:
        self._servers = servers

    async def of(self, key: str) -> Server:
        return self._servers[zlib.crc32(key.encode()) % len(self._servers)]


class Cluster:
    """A Redis Cluster. `connect` returns a client that begins with the configured nodes."""

    def __init__(self, connect: Callable[[], RedisCluster]) -> None:
        self._connect, self._client = connect, connect()
        self._nodes: dict[str, Node] = {}

    async def of(self, key: str) -> Server:
        client = self._client
        try:
            await client.initialize()
        except Exception:
            if client is self._client:  # all nodes may have new addresses
                self._client, self._nodes = self._connect(), {}
            raise
        node = client.get_node_from_key(key)
        if node is None:
            raise ConnectionError("no node of the cluster has this key")
        known = self._nodes.get(node.name)
        if known is None or known.node is not node:
            known = self._nodes[node.name] = Node(client, node)
        return known

    async def aclose(self) -> None:
        await self._client.aclose()


class Node:
    """The keys of one node. When a slot moves, redis-py follows it."""

    def __init__(self, client: RedisCluster, node: ClusterNode) -> None:
        self._client, self.node = client, node

    async def time(self) -> tuple[int, int]:
        return await self._client.execute_command("TIME", target_nodes=self.node)

    def pipeline(self, transaction: bool = True) -> Any:
        return self._client.pipeline()
