"""Writes the configuration of a node of Centrifugo that serves our streams as this server does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from tidewire.centrifugo.broker_tables import WINDOW
from tidewire.centrifugo.proxy_views import HEADER
from tidewire.centrifugo.settling import PROXY_SECONDS
from tidewire.declare.kinds import StreamKind
from tidewire.declare.registry import registry
from tidewire.ground.conf import conf

VERSION = "6.9.1"
"""The release that the tests run."""
HISTORY = "87600h"
"""Ten years: how long rows stay is decided by the relay, and by Centrifugo's own daily partitions."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The key that signs access tokens; and the one before it, "" for none, whose tokens are accepted until a time."""

    signing: str
    previous: str = ""
    until: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"hmac_secret_key": self.signing}
        if self.previous:
            found["hmac_previous_secret_key"] = self.previous
            if self.until is not None:
                found["hmac_previous_secret_key_valid_until"] = int(self.until.timestamp())
        return found


def configuration(django: str, database: str, keys: Keys, port: int) -> dict[str, Any]:
    """Returns the configuration as JSON. `django` is the address under which nodes reach this application, and
    `database` the one of its database."""
    return {
        "http_server": {"address": "127.0.0.1", "port": str(port)},
        "http_api": {"key": conf.CENTRIFUGO_API_KEY},
        "health": {"enabled": True},
        "prometheus": {"enabled": True},
        "client": {
            "allowed_origins": origins(settings.ALLOWED_HOSTS, conf.ALLOWED_ORIGINS),
            "token": {**keys.as_json(), "user_id_claim": "sub"},
            "disallow_anonymous_connection_tokens": True,
            "channel_limit": conf.MAX_SUBSCRIPTIONS,
            "user_connection_limit": conf.MAX_CONNECTIONS_PER_USER,
            "queue_max_size": conf.MAX_UNREAD_BYTES,
            "channel_position_check_delay": "5s",
            "channel_position_max_time_lag": "10s",
            "recovery_max_publication_limit": WINDOW,
            "proxy": {"connect": {"enabled": True, **_proxy(django, "connect")}},
        },
        "channel": {
            "history_meta_ttl": HISTORY,
            "proxy": {
                "subscribe": _proxy(django, "subscribe"),
                "sub_refresh": _proxy(django, "sub_refresh"),
                "publish": _proxy(django, "publish"),
            },
            "namespaces": [_namespace(kind) for _, kind in sorted(registry.kinds.items())],
        },
        "broker": {
            "enabled": True,
            "type": "postgres",
            "postgres": {
                "dsn": database,
                "num_shards": 1,
                "binary_data": True,
                "use_notify": True,
                "table_prefix": conf.CENTRIFUGO_TABLES,
            },
        },
    }


def origins(hosts: Iterable[str], more: Iterable[str]) -> list[str]:
    """Returns the patterns of the origins whose pages may open sockets: `more`, and each of ALLOWED_HOSTS, as here. A
    node allows none besides them, not even its own."""
    if "*" in hosts:
        return ["*"]
    names = [each.replace("[", "\\[").replace("]", "\\]") for each in hosts]  # which a pattern uses otherwise
    names += [f"*{each}" for each in names if each.startswith(".")]
    found = [f"{scheme}://{each.removeprefix('.')}{port}" for each in names for scheme in _SCHEMES for port in _PORTS]
    return [*more, *found]


_SCHEMES, _PORTS = ("http", "https"), ("", ":*")


def _namespace(kind: StreamKind) -> dict[str, Any]:
    """Returns what holds for the streams of one kind: a position, recovery, and no publisher but the relay. A client's
    publish is asked about, and then passed on by us."""
    return {
        "name": kind.name,
        "subscribe_proxy_enabled": True,
        "sub_refresh_proxy_enabled": True,
        "publish_proxy_enabled": bool(kind.ephemeral),
        "history_size": WINDOW,
        "history_ttl": HISTORY,
        "force_positioning": True,
        "force_recovery": True,
        "allow_history_for_subscriber": True,
        "presence": kind.has_presence,
        "join_leave": kind.has_presence,
        "allow_presence_for_subscriber": kind.has_presence,
    }


def _proxy(django: str, name: str) -> dict[str, Any]:
    return {
        "endpoint": f"{django.rstrip('/')}/centrifugo/{name}/",
        "timeout": f"{PROXY_SECONDS:g}s",
        "include_connection_meta": True,
        "http": {"static_headers": {HEADER: conf.CENTRIFUGO_SECRET}},
    }
