"""Makes Django's settings of the database and the channel layer from two URLs.

A password in a URL may hold any character, percent-encoded or not. Error texts never contain a URL: it holds a secret.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import environ
from django.core.exceptions import ImproperlyConfigured

from backend import redis_urls
from backend.private_files import private_database, private_folder
from backend.redis_urls import Files

CLUSTER_LAYER = "tidewire.layer.cluster_layer.ClusterChannelLayer"


def database(url: str, data_dir: Path, pool_size: int) -> dict[str, Any]:
    if url.startswith(("postgres://", "postgresql://")):
        return _postgresql(url, pool_size)
    if url and not url.startswith("sqlite://"):
        raise ImproperlyConfigured("DATABASE_URL must begin with postgres://, postgresql:// or sqlite://.")
    config = _parsed(url) if url else {"ENGINE": "django.db.backends.sqlite3"}
    if not config.get("NAME"):
        config["NAME"] = str(private_folder(data_dir) / "tidewire.sqlite3")
    return _sqlite(config)


def replica(url: str, database_url: str, pool_size: int) -> dict[str, Any]:
    """Returns the settings of a read replica. Raises ImproperlyConfigured unless both databases are PostgreSQL.

    A replica that is away costs a read no more than a second: the primary serves it then. A connection is not checked
    before it is used, because a frozen server would keep the check waiting.
    """
    if not all(each.startswith(("postgres://", "postgresql://")) for each in (url, database_url)):
        raise ImproperlyConfigured(
            "DATABASE_REPLICA_URL and DATABASE_URL must begin with postgres:// or postgresql://."
        )
    config = _postgresql(url, pool_size)
    config["OPTIONS"]["pool"] |= {"min_size": 0, "timeout": 1}
    config["SESSION_SETTINGS"] |= {"statement_timeout": "2s"}
    return config | {"CONN_HEALTH_CHECKS": False, "TEST": {"MIRROR": "default"}}


def _sqlite(config: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings of SQLite. With WAL, readers continue beside the one writer. An immediate transaction waits
    for the write lock at its start; a deferred one would fail at once when it turns from reading to writing. With
    synchronous FULL, an acknowledged write survives a power loss. The file is for its owner only."""
    if ":memory:" not in str(config["NAME"]):
        private_database(Path(config["NAME"]))
    return config | {
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;",
        },
    }


def _postgresql(url: str, pool_size: int) -> dict[str, Any]:
    """Returns the settings of PostgreSQL, with a pool: under ASGI, Django could not keep connections per thread."""
    config = _parsed(url)
    pool = {"min_size": 2, "max_size": pool_size, "timeout": 5, "max_lifetime": 1800}
    # The pool doubles the time between its attempts to connect. It gives up after 2 s, and the next request starts new
    # attempts. So the server recovers within some seconds, however long the database was away.
    pool["reconnect_timeout"] = 2
    options = config.get("OPTIONS", {}) | {
        "pool": pool,
        "connect_timeout": 3,
    }
    # An idle transaction holds the locks of its streams, and the poll would miss one longer than TOUCHED_SECONDS.
    timeouts = {"idle_in_transaction_session_timeout": "10s", "statement_timeout": "30s", "lock_timeout": "10s"}
    return config | {
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
        "SESSION_SETTINGS": timeouts,  # tidewire/queries/session_settings.py asks for them in a way that poolers allow
    }


def _parsed(url: str) -> dict[str, Any]:
    """Returns Django's settings of a DATABASE_URL. Raises ImproperlyConfigured for a malformed one."""
    try:
        return environ.Env.db_url_config(_encoded(url))
    except (ValueError, KeyError, TypeError, environ.ImproperlyConfigured):
        raise ImproperlyConfigured(
            "DATABASE_URL is not the URL of a database, such as postgres://user:password@host/name."
        ) from None


def channel_layer(redis_url: str, files: Files | None = None, sentinel: tuple[str, str] = ("", "")) -> dict[str, Any]:
    """Returns the settings of the layer: memory, Redis's pub/sub layer, or ours on a Redis Cluster. Several URLs
    between commas are shards. `sentinel` holds the user and the password for the sentinels themselves.

    Raises ImproperlyConfigured for a malformed URL.
    """
    if not redis_url.strip():
        return {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 1000}}
    servers = redis_urls.servers(redis_url, files or Files(), *sentinel)
    is_cluster = "nodes" in servers[0]
    return {
        "BACKEND": CLUSTER_LAYER if is_cluster else "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": servers, "prefix": "tidewire"},
    }


_USER_INFO = re.compile(r"^(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<user>[^:@/]*)(?P<password>:.*)?@(?P<rest>[^@]*)$", re.S)


def _encoded(url: str) -> str:
    """Returns the URL with user name and password percent-encoded: a password may hold `/`, `@`, `#`, `?` or `,`."""
    match = _USER_INFO.match(url)
    if match is None:
        return url
    password = match["password"]
    encoded = "" if password is None else ":" + quote(unquote(password[1:]), safe="")
    return f"{match['scheme']}{quote(unquote(match['user']), safe='')}{encoded}@{match['rest']}"
