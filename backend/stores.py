"""The database and the channel layer of each size, from two URLs."""

from pathlib import Path
from typing import Any

import environ

# Above the pub/sub layer's blocking time (its receiver asks in slices of 0.1 s), far below what a frozen Redis takes.
REDIS_SOCKET_SECONDS = 2.0
REDIS_CONNECT_SECONDS = 1.0


def database(url: str, data_dir: Path, pool_size: int) -> dict[str, Any]:
    if url.startswith(("postgres://", "postgresql://")):
        return _postgresql(url, pool_size)
    config = environ.Env.db_url_config(url) if url else {"ENGINE": "django.db.backends.sqlite3"}
    if not config.get("NAME"):
        data_dir.mkdir(parents=True, exist_ok=True)
        config["NAME"] = str(data_dir / "tidewire.sqlite3")
    return _sqlite(config)


def _sqlite(config: dict[str, Any]) -> dict[str, Any]:
    """WAL lets readers go on beside the one writer. Immediate transactions wait for the lock at their start, where
    waiting works; a read that turns into a write would fail at once. Synchronous FULL: an acknowledged write survives
    power loss."""
    return config | {
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;",
        },
    }


def _postgresql(url: str, pool_size: int) -> dict[str, Any]:
    """A pool, because under ASGI every request has a thread of its own: neither a fresh nor a kept connection fits."""
    from tidewire.queries.postgresql import Connection, Cursor  # wants its driver, which SQLite does not

    config = environ.Env.db_url_config(url)
    pool = {"min_size": 2, "max_size": pool_size, "timeout": 5, "max_lifetime": 1800}
    options = config.get("OPTIONS", {}) | {
        "pool": pool | {"connection_class": Connection},
        "cursor_factory": Cursor,
        "connect_timeout": 5,
        # A transaction that idles holds its streams' locks; above the longest one the poll would miss it.
        "options": "-c idle_in_transaction_session_timeout=10s -c statement_timeout=30s -c lock_timeout=10s",
    }
    return config | {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}


def channel_layer(redis_url: str) -> dict[str, Any]:
    """Memory, or Redis through the pub/sub layer; several URLs, separated by commas, are shards."""
    if not redis_url:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 1000}}
    hosts = [
        {
            "address": address.strip(),
            "socket_timeout": REDIS_SOCKET_SECONDS,
            "socket_connect_timeout": REDIS_CONNECT_SECONDS,
            "socket_keepalive": True,
            "health_check_interval": 5,
        }
        for address in redis_url.split(",")
    ]
    return {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": hosts, "prefix": "tidewire"},
    }
