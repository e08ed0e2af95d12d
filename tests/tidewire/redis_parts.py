"""All parts that use Redis, at work for a moment as one process has them, and what the start-up check says of it."""

from __future__ import annotations

from typing import Any

from django.test import override_settings

from api.auth.request_counters import ClusterCounter, RedisCounter
from backend.redis_urls import Files
from backend.stores import channel_layer
from tests.tidewire.layer.mailboxes import Backend, Mailbox
from tidewire.checks import redis_servers
from tidewire.delivery.presence_servers import Cluster, Shards
from tidewire.delivery.presence_stores import RedisStore
from tidewire.diagnosis.doctor import layer as doctor
from tidewire.diagnosis.doctor.finding import OK
from tidewire.layer import redis_clients
from tidewire.protocol.pushes import ClientInfo

GROUPS = tuple(f"tw.room.{number}" for number in range(12))
"""Enough for each node of a cluster to have some."""


def servers_of(url: str, **options: Any) -> list[redis_clients.Server]:
    return channel_layer(url, **options)["CONFIG"]["hosts"]


def server_of(url: str, **options: Any) -> redis_clients.Server:
    (server,) = servers_of(url, **options)
    return server


def found(url: str, secrets: tuple[str, ...] = (), **options: Any) -> list[str]:
    """Returns the ids of what is wrong. No text may hold one of these secrets."""
    problems = [problem for server in servers_of(url, **options) for problem in redis_servers.look_at(server)]
    assert all(problem.hint for problem in problems)
    shown = " ".join(f"{problem.msg} {problem.hint}" for problem in problems)
    assert not any(secret in shown for secret in secrets)
    return [str(problem.id).removeprefix("tidewire.") for problem in problems]


async def use_everything(url: str, files: Files | None = None, sentinel: tuple[str, str] = ("", "")) -> None:
    """Uses the layer, presence and the counts of requests. Raises what a server answers."""
    await _use_layer(Backend(url, files, sentinel).layer())
    servers = servers_of(url, files=files, sentinel=sentinel)
    await _use_presence(servers)
    _use_counts(servers[0])


async def _use_layer(layer: Any) -> None:
    mailbox = await Mailbox(layer).open(*GROUPS)
    for group in GROUPS:
        await layer.group_discard(group, mailbox.name)
    await layer.send(mailbox.name, {"type": "end"})
    assert await mailbox.next() == {"type": "end"}
    await layer.flush()


async def _use_presence(servers: list[redis_clients.Server]) -> None:
    is_cluster = redis_clients.is_cluster(servers[0])
    clients = [] if is_cluster else [redis_clients.client(server) for server in servers]
    cluster = Cluster(lambda: redis_clients.cluster_client(servers[0])) if is_cluster else None
    store, info = RedisStore(cluster or Shards(clients)), ClientInfo("user", "client")
    for number in range(12):
        await store.put([(f"room:{number}", info)])
        assert await store.read(f"room:{number}") == {"client": info}
        await store.remove([(f"room:{number}", info)])
    for client in (cluster, *clients):
        if client is not None:
            await client.aclose()


def _use_counts(server: redis_clients.Server) -> None:
    client = redis_clients.blocking_client(server, 5.0)
    counter = ClusterCounter(lambda: client) if redis_clients.is_cluster(server) else RedisCounter(client)
    counter.count([f"count:{number}" for number in range(12)])
    assert counter.hold("held", 5) == 0.0
    assert counter.seconds_left("held") > 0
    counter.release("held")
    assert counter._rests_until == 0.0, "it counted in memory, because Redis has failed"
    client.close()


def diagnose(url: str, **options: Any) -> list[str]:
    """Returns what `manage.py doctor` says of these servers, apart from what is as it should be."""
    with override_settings(CHANNEL_LAYERS={"default": channel_layer(url, **options)}):
        return [f"{each.level}: {each.text}" for each in doctor.look_at_layer() if each.level != OK]
