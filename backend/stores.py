"""Makes Django's settings of the database and the channel layer from two URLs.

A password in a URL may hold any character, percent-encoded or not. Error texts never contain a URL: it holds a secret.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from backend.private_files import private_database, private_folder

# Above the blocking time of the pub/sub layer's receiver (0.1 s), and short enough that a frozen Redis blocks nothing.
REDIS_SOCKET_SECONDS = 2.0
REDIS_CONNECT_SECONDS = 1.0
_REDIS_TIMES = {"socket_timeout": REDIS_SOCKET_SECONDS, "socket_connect_timeout": REDIS_CONNECT_SECONDS}

SENTINEL = "redis+sentinel://"


def database(url: str, data_dir: Path, pool_size: int) -> dict[str, Any]:
    if url.startswith(("postgres://", "postgresql://")):
        return _postgresql(url, pool_size)
    if url and not url.startswith("sqlite://"):
        raise ImproperlyConfigured("DATABASE_URL must begin with postgres://, postgresql:// or sqlite://.")
    config = _parsed(url) if url else {"ENGINE": "django.db.backends.sqlite3"}
    if not config.get("NAME"):
        config["NAME"] = str(private_folder(data_dir) / "tidewire.sqlite3")
    return _sqlite(config)


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


def channel_layer(redis_url: str) -> dict[str, Any]:
    """Returns the settings of the layer: memory, or Redis's pub/sub layer. Several URLs between commas are shards.

    Raises ImproperlyConfigured for a malformed URL. Otherwise the server would start, and answer 500 to every request.
    """
    if not redis_url.strip():
        return {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 1000}}
    hosts = [
        {
            **_redis_host(address.strip()),
            **_REDIS_TIMES,
            "socket_keepalive": True,
            "health_check_interval": 5,
        }
        for address in _BETWEEN_URLS.split(redis_url.strip())
    ]
    return {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": hosts, "prefix": "tidewire"},
    }


# A comma separates two URLs only before a scheme, because passwords may hold commas.
_BETWEEN_URLS = re.compile(r"\s*,\s*(?=[a-z+]+://)")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_USER_INFO = re.compile(r"^(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<user>[^:@/]*)(?P<password>:.*)?@(?P<rest>[^@]*)$", re.S)


def _encoded(url: str) -> str:
    """Returns the URL with user name and password percent-encoded: a password may hold `/`, `@`, `#`, `?` or `,`."""
    match = _USER_INFO.match(url)
    if match is None:
        return url
    password = match["password"]
    encoded = "" if password is None else ":" + quote(unquote(password[1:]), safe="")
    return f"{match['scheme']}{quote(unquote(match['user']), safe='')}{encoded}@{match['rest']}"


def _redis_host(url: str) -> dict[str, Any]:
    """Returns channels_redis' settings of one server: its address, or the sentinels that know it."""
    return _sentinel_host(url) if url.startswith(SENTINEL) else {"address": _redis_address(url)}


def _sentinel_host(url: str) -> dict[str, Any]:
    """Returns the settings of the primary that sentinels name. `redis+sentinel://user:password@host:26379,host2/name/0`:
    user and password are those of Redis, the name is what the sentinels call the primary."""
    credentials, _, places = _encoded(url).removeprefix(SENTINEL).rpartition("@")
    user, _, password = credentials.partition(":")
    found = re.fullmatch(r"(?P<hosts>[^/]+)/(?P<name>[A-Za-z0-9._-]+)(/(?P<db>\d*))?", places)
    sentinels = [_sentinel(host.strip()) for host in found["hosts"].split(",")] if found else []
    if found is None or None in sentinels:
        raise ImproperlyConfigured(
            "REDIS_URL is not that of a Redis behind Sentinel, such as "
            "redis+sentinel://:password@one:26379,two:26379/mymaster/0."
        )
    host: dict[str, Any] = {"sentinels": sentinels, "sentinel_kwargs": dict(_REDIS_TIMES), "master_name": found["name"]}
    host |= {"db": int(found["db"] or 0)}
    return host | {name: unquote(value) for name, value in (("username", user), ("password", password)) if value}


def _sentinel(place: str) -> tuple[str, int] | None:
    """Returns host and port, or None for anything else."""
    host, _, port = place.partition(":")
    if not re.fullmatch(r"[a-z0-9._-]+", host) or not re.fullmatch(r"\d{0,5}", port):
        return None
    return host, int(port or 26379)


def _redis_address(url: str) -> str:
    address = _encoded(url)
    try:
        parts = urlsplit(address)
        is_host = parts.scheme in ("redis", "rediss") and _HOST.fullmatch(parts.hostname or "") is not None
        is_host = is_host and parts.port != 0  # reading it raises ValueError when it is not a number
        is_good = is_host and re.fullmatch(r"(/\d*)?", parts.path) is not None
        is_good = is_good or (parts.scheme == "unix" and parts.path.startswith("/"))
    except ValueError:
        is_good = False
    if not is_good:
        raise ImproperlyConfigured(
            "REDIS_URL is not the URL of a Redis, such as redis://:password@host:6379/0 (several: between commas), or "
            "redis+sentinel://:password@host:26379/mymaster/0."
        )
    return address
