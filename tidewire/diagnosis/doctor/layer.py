"""Redis behind the channel layer: fit for it, quick, and without a timeout that ends what must last."""

from __future__ import annotations

import time
from typing import Any

from django.core import checks

from tidewire.checks import redis_servers
from tidewire.diagnosis.doctor.finding import Findings, clock, error, ok, warning
from tidewire.layer import redis_clients

SLOW_SECONDS = 0.05
PINGS = 5
"""The quickest counts: the first one connects, and this machine may be busy."""
SUBJECT = "redis"
UNREACHABLE = "tidewire.I150"
WAIT_SECONDS = 5.0


def look_at_layer() -> Findings:
    if redis_clients.is_in_memory():
        yield ok(SUBJECT, "none: the channel layer is in memory, for one process")
        return
    for server in redis_clients.servers():
        yield from _look_at(server)


def _look_at(server: redis_clients.Server) -> Findings:
    from redis.exceptions import RedisClusterException, RedisError  # installed only where the layer is on Redis

    problems = list(redis_servers.look_at(server))
    for problem in problems:
        make = error if problem.level >= checks.ERROR or problem.id == UNREACHABLE else warning
        yield make(SUBJECT, str(problem.msg), problem.hint or "See docs/scaling.md.")
    if any(problem.level >= checks.ERROR or problem.id == UNREACHABLE for problem in problems):
        return
    try:
        with redis_clients.blocking_client(server, WAIT_SECONDS) as client:
            for name, node in _nodes(server, client):
                yield ok(SUBJECT, f"{name} answers, a primary that does all that is asked of it")
                yield from _speed(node, name)
                yield from _timeouts(node, name, RedisError)
                seconds, micros = node.time()
                yield clock(f"{SUBJECT} clock", seconds + micros / 1e6, time.time())
    except (RedisError, RedisClusterException, OSError) as failure:
        yield error(SUBJECT, f"{redis_clients.name_of(server)} fails: {failure}", "Look at its log.")


def _nodes(server: redis_clients.Server, client: Any) -> list[tuple[str, Any]]:
    """Returns the name and a client of each primary."""
    if not redis_clients.is_cluster(server):
        return [(redis_clients.name_of(server), client)]
    return [(node.name, client.get_redis_connection(node)) for node in client.get_primaries()]


def _speed(client: Any, name: str) -> Findings:
    took = min(_ping(client) for _ in range(PINGS))
    if took > SLOW_SECONDS:
        yield warning(
            SUBJECT, f"{name} takes {took * 1000:.0f} ms", "Put it near the servers, on a machine with a free core."
        )


def _ping(client: Any) -> float:
    """Returns how many seconds an answer takes."""
    began = time.monotonic()
    client.ping()
    return time.monotonic() - began


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
