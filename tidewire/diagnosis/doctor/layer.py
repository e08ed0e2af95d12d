"""Redis behind the channel layer: of the right kind, quick, and without a timeout that ends what must last."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings

from tidewire.diagnosis.doctor.finding import Findings, clock, error, ok, warning

SLOW_SECONDS = 0.05
PINGS = 5
"""The quickest counts: the first one connects, and this machine may be busy."""
SUBJECT = "redis"


def look_at_layer() -> Findings:
    layer = settings.CHANNEL_LAYERS["default"]
    if layer["BACKEND"].endswith("InMemoryChannelLayer"):
        yield ok(SUBJECT, "none: the channel layer is in memory, for one process")
        return
    for host in layer.get("CONFIG", {}).get("hosts", []):
        yield from _look_at(dict(host) if isinstance(host, dict) else {"address": host})


def _look_at(host: dict[str, Any]) -> Findings:
    from redis import Redis, RedisError  # installed only where the layer is on Redis

    address = host.pop("address", None)
    if not isinstance(address, str):  # a primary behind Sentinel has no address of its own
        yield ok(SUBJECT, "is named by Sentinel: ask it with `redis-cli -p 26379 sentinel masters`")
        return
    name = address.rpartition("@")[2]
    with Redis.from_url(address, **host) as client:
        try:
            took = min(_ping(client) for _ in range(PINGS))
        except (RedisError, OSError) as failure:
            yield error(
                SUBJECT,
                f"{name} does not answer: {failure}",
                "Compare REDIS_URL, password and firewall; `redis-cli -u URL ping`. Until then the poll delivers.",
            )
            return
        if took > SLOW_SECONDS:
            yield warning(
                SUBJECT, f"{name} takes {took * 1000:.0f} ms", "Put it near the servers, on a machine with a free core."
            )
        yield from _kind(client, name, RedisError)
        yield from _timeouts(client, name, RedisError)
        try:
            seconds, micros = client.time()
            yield clock(f"{SUBJECT} clock", seconds + micros / 1e6, time.time())
        except RedisError:
            pass


def _ping(client: Any) -> float:
    """Returns how many seconds an answer takes."""
    began = time.monotonic()
    client.ping()
    return time.monotonic() - began


def _kind(client: Any, name: str, refused: type[Exception]) -> Findings:
    try:
        info = client.info()
    except refused:  # by an access list, such as that of deploy/docker-compose.yml
        yield ok(SUBJECT, f"{name} answers; its access list does not show what kind it is")
        return
    if info.get("redis_mode") == "sentinel":
        yield error(
            SUBJECT, f"{name} is a Sentinel, not a Redis", "Name the primary, or say Sentinel: docs/configuration.md."
        )
    elif info.get("cluster_enabled"):
        yield error(
            SUBJECT,
            f"{name} is part of a Redis Cluster, which moves keys away from it",
            "Use single servers: several addresses in REDIS_URL are shards.",
        )
    elif info.get("role") not in (None, "master"):
        yield error(
            SUBJECT,
            f"{name} is a replica: what is written to it is refused or lost",
            "Name the primary, or let Sentinel name it: docs/configuration.md.",
        )
    else:
        yield ok(SUBJECT, f"{name} answers: {info.get('redis_version')}, a primary")


def _timeouts(client: Any, name: str, refused: type[Exception]) -> Findings:
    try:
        config = {**client.config_get("timeout"), **client.config_get("client-output-buffer-limit")}
    except refused:
        return
    idle = int(config.get("timeout", 0) or 0)
    if 0 < idle < 60:
        yield error(
            SUBJECT,
            f"{name} closes connections that are idle for {idle} s (`timeout`): the poll must find what they miss",
            "CONFIG SET timeout 0, and the same in redis.conf.",
        )
    words = str(config.get("client-output-buffer-limit", "")).split()
    hard = int(words[words.index("pubsub") + 1]) if "pubsub" in words else 0
    if 0 < hard < 8 * 1024 * 1024:
        yield warning(
            SUBJECT,
            f"{name} cuts subscribers off that have {hard} bytes waiting (client-output-buffer-limit pubsub)",
            "CONFIG SET client-output-buffer-limit 'pubsub 33554432 8388608 60'.",
        )
