"""Start-up checks of the deployment: each refuses, by name, a configuration that is known to fail."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.management.base import SystemCheckError
from django.db import connections

MIN_SECRET = 32
MIN_TOKEN = 16
HOST = re.compile(r"\.?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\]|\*")
"""A name, one for all names below it, an IPv4 or an IPv6 address: what ALLOWED_HOSTS compares hosts with."""
SAMPLE_WORDS = ("missing-", "change", "sample", "example", "secret-key", "insecure", "password")

CONNECTIONS_BESIDE_VIEWS = 5
"""Of a process: four for what sockets read, one for readiness."""

PROXY_SETTINGS = ("IS_BEHIND_TLS", "SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")
"""Settings that say that a proxy is in front of the server: each believes a header that proxies set."""


def refuse_to_start_with_errors() -> None:
    """Runs this project's checks as `manage.py check` would. Raises SystemCheckError, which ends the server's start.

    They run in a thread of their own, because one of them queries the database, which Django forbids in an event loop.
    """
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(
            checks.run_checks,
            tags=["backend", "tidewire"],
            include_deployment_checks=True,
            databases=list(connections),
        ).result()
    errors = [problem for problem in found if problem.level >= checks.ERROR]
    if errors:
        raise SystemCheckError("Tidewire does not start:\n" + "\n".join(str(problem) for problem in errors))


def _error(id: str, text: str, hint: str) -> checks.Error:
    return checks.Error(text, hint=hint, id=f"backend.{id}")


@checks.register("backend")
def check_mode(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    found = []
    if settings.MODE not in ("development", "production"):
        found.append(_error("E001", f"TIDEWIRE_MODE is {settings.MODE!r}", "Use development or production."))
    if settings.IS_PRODUCTION and settings.DEBUG:
        found.append(_error("E002", "DEBUG is on in production", "Unset DEBUG: its pages show settings and code."))
    if settings.IS_PRODUCTION and (not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS):
        found.append(
            _error(
                "E003", "ALLOWED_HOSTS is empty or '*' in production", "List your hosts: the Origin check uses them."
            )
        )
    for host in settings.ALLOWED_HOSTS:
        if not HOST.fullmatch(host):
            hint = "Write the name alone: chat.example.com, without https:// and without a port."
            found.append(_error("E004", f"ALLOWED_HOSTS has {host!r}, which no request can have as its host", hint))
    return found


@checks.register("backend")
def check_secrets(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    if not settings.IS_PRODUCTION:
        return []
    found = []
    signing_key = settings.SIMPLE_JWT["SIGNING_KEY"]
    keys = [("SECRET_KEY", settings.SECRET_KEY), ("JWT_SIGNING_KEY", signing_key)]
    keys += [("SECRET_KEY_FALLBACKS", key) for key in settings.SECRET_KEY_FALLBACKS]
    keys += [("JWT_SIGNING_KEY_FALLBACKS", key) for key in settings.JWT_SIGNING_KEY_FALLBACKS]
    for name, value in keys:
        if len(value) < MIN_SECRET or any(word in value.lower() for word in SAMPLE_WORDS):
            found.append(
                _error(
                    "E010",
                    f"{name} is missing, shorter than {MIN_SECRET} characters, or a sample value",
                    "python -c 'import secrets; print(secrets.token_urlsafe(48))'",
                )
            )
    if signing_key == settings.SECRET_KEY:
        found.append(
            _error(
                "E011",
                "SECRET_KEY and JWT_SIGNING_KEY are the same",
                "Use two: a leak of one must not reveal the other.",
            )
        )
    if 0 < len(settings.TIDEWIRE["METRICS_TOKEN"]) < MIN_TOKEN:
        found.append(
            checks.Warning(
                f"METRICS_TOKEN is shorter than {MIN_TOKEN} characters: it can be guessed",
                hint="python -c 'import secrets; print(secrets.token_urlsafe(48))'",
                id="backend.W015",
            )
        )
    if settings.JWT_SIGNING_KEY_FALLBACKS and settings.JWT_FALLBACKS_UNTIL is None:
        found.append(
            checks.Warning(
                "JWT_SIGNING_KEY_FALLBACKS are accepted until you take them out",
                hint="Set JWT_FALLBACKS_UNTIL to the time of the change and REFRESH_TOKEN_SECONDS after it.",
                id="backend.W014",
            )
        )
    return found


@checks.register("backend")
def check_tokens(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Refuses access tokens that live longer than the engine remembers the end of their sessions."""
    lifetime = settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"].total_seconds()
    if lifetime <= settings.TIDEWIRE["TOKEN_SECONDS"]:
        return []
    return [
        _error(
            "E013",
            f"access tokens live {lifetime:.0f} seconds, and TIDEWIRE['TOKEN_SECONDS'] is lower",
            "Set ACCESS_TOKEN_SECONDS in the environment: both follow it.",
        )
    ]


@checks.register("backend")
def check_proxies(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Refuses a server that is said to be behind a proxy, and is not told how many. It would take the proxy, often this
    machine, for the client of every request: limits per address would hold for all clients together, or for none."""
    names = [name for name in PROXY_SETTINGS if getattr(settings, name, None)]
    if not settings.IS_PRODUCTION or not names or settings.TIDEWIRE["TRUSTED_PROXIES"]:
        return []
    return [
        _error(
            "E012",
            f"TRUSTED_PROXIES is 0, and {names[0].removeprefix('IS_')} says that a proxy is in front of the server",
            "Set TRUSTED_PROXIES to the number of proxies that a request passes, 1 with deploy/nginx.conf alone. "
            "Set SERVES_TLS=on if this server ends TLS itself, BEHIND_TLS=off if there is none.",
        )
    ]


@checks.register("backend")
def check_webhooks(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Refuses receivers on this machine in production: its users could reach what listens on loopback."""
    if not settings.IS_PRODUCTION or not settings.TIDEWIRE["WEBHOOK_LOOPBACK"]:
        return []
    return [_error("E014", "WEBHOOK_LOOPBACK is on in production", "Unset it: it is for development and tests.")]


@checks.register("backend")
def check_layer(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    layer = settings.CHANNEL_LAYERS["default"]
    backend, config = layer["BACKEND"], layer.get("CONFIG", {})
    if backend.endswith("InMemoryChannelLayer"):
        return _check_memory_layer()
    if backend.endswith("core.RedisChannelLayer"):
        return [
            _error(
                "E021",
                "the core Redis layer drops messages above 100 per process, and forgets groups",
                "Use channels_redis.pubsub.RedisPubSubChannelLayer.",
            )
        ]
    return [problem for host in config.get("hosts", []) for problem in _check_redis_host(host)]


def _check_memory_layer() -> list[checks.CheckMessage]:
    text = os.environ.get("WEB_CONCURRENCY") or "1"
    workers = int(text) if text.isdecimal() else 1
    if workers > 1:
        return [
            _error(
                "E020",
                f"the in-memory channel layer with {workers} server processes: a process would not see the presence"
                " of the others, and see their writes late",
                "Set REDIS_URL, or serve with one process.",
            )
        ]
    return []


def _check_redis_host(host: Any) -> list[checks.CheckMessage]:
    timeout = host.get("socket_timeout") if isinstance(host, dict) else None
    if not timeout or timeout <= 0.1:
        return [
            _error(
                "E022",
                "a Redis host of the channel layer has no finite socket_timeout above the blocking time (0.1 s)",
                "Without one, a frozen Redis blocks for ever; a shorter one ends idle reads. Use 2 seconds.",
            )
        ]
    return []


@checks.register("backend")
def check_database(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    found = []
    for alias, config in settings.DATABASES.items():
        if config.get("CONN_MAX_AGE", 0) != 0:
            found.append(
                _error(
                    "E030",
                    f"DATABASES[{alias!r}] keeps connections (CONN_MAX_AGE): under ASGI every request has a thread of "
                    "its own, and its connection would never be closed",
                    "Set CONN_MAX_AGE to 0 and use the pool.",
                )
            )
        found += _check_engine(alias, config)
    return found


def _check_engine(alias: str, config: dict[str, Any]) -> list[checks.CheckMessage]:
    options = config.get("OPTIONS", {})
    if connections[alias].vendor == "postgresql" and not options.get("pool"):
        return [
            checks.Warning(
                f"DATABASES[{alias!r}] has no pool: every request opens a new connection",
                hint="Set OPTIONS['pool'].",
                id="backend.W031",
            )
        ]
    if alias == "default" and isinstance(options.get("pool"), dict):
        return _check_pool(options["pool"])
    if connections[alias].vendor == "sqlite" and options.get("transaction_mode") != "IMMEDIATE":
        return [
            _error(
                "E032",
                f"DATABASES[{alias!r}] is SQLite without immediate transactions: a transaction that reads first and"
                " then writes fails at once when another writer was faster",
                "Set OPTIONS['transaction_mode'] to 'IMMEDIATE'.",
            )
        ]
    return []


def _check_pool(pool: dict[str, Any]) -> list[checks.CheckMessage]:
    wanted = settings.MAX_VIEWS + CONNECTIONS_BESIDE_VIEWS
    if pool.get("max_size", wanted) >= wanted:
        return []
    return [
        checks.Warning(
            f"MAX_VIEWS is {settings.MAX_VIEWS}, and the pool has {pool['max_size']} connections: requests wait",
            hint=f"Set DATABASE_POOL_SIZE to {wanted}, or leave MAX_VIEWS out.",
            id="backend.W033",
        )
    ]
