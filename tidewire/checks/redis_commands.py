"""The commands that the parts use in Redis, tried one by one, to find those that an access list refuses.

A test compares them with what a server counts while the parts work.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

from tidewire.ground.streams import group

PREFIX = "tidewire"
SECONDS = 5
"""After which Redis forgets the keys of a trial that was cut off."""

RULE = (
    "~tidewire* &tidewire* +ping +multi +exec +discard +time +publish +subscribe +unsubscribe +set +del +incrby "
    "+expire +pttl +hset +hdel +hgetall +zadd +zrem +zrangebyscore +zremrangebyscore"
)
CLUSTER_RULE = (
    "~tidewire* &tidewire* +ping +command +cluster|slots +time +spublish +ssubscribe +sunsubscribe +set +del +incrby "
    "+pexpire +expire +pttl +hset +hdel +hgetall +zadd +zrem +zrangebyscore +zremrangebyscore"
)
"""What a user of Redis must be allowed, as `ACL SETUSER` takes it."""
SENTINEL_RULE = "+sentinel|masters"
"""The same for a user of a Sentinel."""


def refused(client: Any, key: str, is_cluster: bool) -> list[str]:
    """Returns the commands that this client's user may not run, or not with the keys and channels of Tidewire. Raises
    what else the server answers. `client` is one of redis-py's for one server, or for the node that has `key`."""
    from redis.exceptions import NoPermissionError  # installed only where the layer is on Redis

    denied = []
    for command in _commands(key, is_cluster):
        try:
            client.execute_command(*command)
        except NoPermissionError:
            denied.append(str(command[0]))
    if not is_cluster:
        try:
            with client.pipeline(transaction=True) as pipe:
                pipe.ping()
                pipe.execute()
        except NoPermissionError:
            denied.append("MULTI and EXEC")
    return denied + _refused_subscriptions(client, _channel(key), is_cluster)


def _commands(key: str, is_cluster: bool) -> Iterator[tuple[Any, ...]]:
    yield ("PING",)
    yield ("TIME",)
    yield ("SET", key, 0, "PX", SECONDS * 1000, "NX")
    yield ("INCRBY", key, 1)
    if is_cluster:
        yield ("PEXPIRE", key, SECONDS * 1000, "NX")
    yield ("PTTL", key)
    yield ("DEL", key)
    yield ("HSET", key, "client", "info")
    yield ("EXPIRE", key, SECONDS)
    yield ("HGETALL", key)
    yield ("HDEL", key, "client")
    yield ("ZADD", key, 1, "client")
    yield ("ZRANGEBYSCORE", key, 2, "+inf")
    yield ("ZREMRANGEBYSCORE", key, "-inf", 0)
    yield ("ZREM", key, "client")
    yield ("SPUBLISH" if is_cluster else "PUBLISH", _channel(key), "")


def _refused_subscriptions(client: Any, channel: str, is_cluster: bool) -> list[str]:
    from redis.exceptions import NoPermissionError  # installed only where the layer is on Redis

    with contextlib.closing(client.pubsub()) as pubsub:
        for call in ("ssubscribe", "sunsubscribe") if is_cluster else ("subscribe", "unsubscribe"):
            try:
                getattr(pubsub, call)(channel)
                pubsub.parse_response(block=False, timeout=SECONDS)
            except NoPermissionError:
                return [call.upper()]  # without a subscription there is none to end
    return []


def _channel(key: str) -> str:
    """Returns a channel like those of the layer. In a cluster it lies in the slot of the key."""
    return f"{PREFIX}__group__{group('check:1')}{{{key}}}"


def new_key() -> str:
    return f"{PREFIX}:check:{uuid.uuid4().hex}"
