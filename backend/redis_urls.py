"""Reads REDIS_URL: one server, shards, a primary behind Sentinel, or a cluster. docs/scaling.md lists the forms.

Error texts never contain a URL: it holds a secret.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from django.core.exceptions import ImproperlyConfigured

# Above the blocking time of the pub/sub layer's receiver (0.1 s), and short enough that a frozen Redis blocks nothing.
REDIS_SOCKET_SECONDS = 2.0
REDIS_CONNECT_SECONDS = 1.0
TIMES = {"socket_timeout": REDIS_SOCKET_SECONDS, "socket_connect_timeout": REDIS_CONNECT_SECONDS}
LASTING = {"health_check_interval": 5}
"""For connections that stay open."""
KEEPALIVE = {"socket_keepalive": True}
"""For those over TCP."""

# A comma separates two URLs only before a scheme, because passwords and lists of hosts may hold commas.
_BETWEEN_URLS = re.compile(r"\s*,\s*(?=[a-z+]+://)")
_SCHEME = re.compile(r"(?P<server>redis|rediss|valkey|valkeys|unix)(\+(?P<kind>sentinel|cluster))?")
_HOST = re.compile(r"(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+(%[a-z0-9]+)?\])(:(?P<port>[0-9]{1,5}))?", re.I)
_CERTIFICATES = ("required", "optional", "none")

PORT, SENTINEL_PORT = 6379, 26379

Server = dict[str, Any]
"""As `tidewire/layer/redis_clients.py` describes it."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files that a `rediss://` URL needs where the machine's own list of authorities does not do: the authority
    that signed the server's certificate, and a certificate of ours with its key."""

    ca: str = ""
    certificate: str = ""
    key: str = ""

    def options(self) -> dict[str, Any]:
        """Returns them as redis-py takes them. Raises ImproperlyConfigured, which names the variable of a file that
        cannot be read."""
        named = (("REDIS_CA_FILE", self.ca), ("REDIS_CERT_FILE", self.certificate), ("REDIS_KEY_FILE", self.key))
        for name, path in named:
            if path and not os.access(path, os.R_OK):
                raise ImproperlyConfigured(f"{name} is not a file that this process can read.")
        found = {"ssl_ca_certs": self.ca, "ssl_certfile": self.certificate, "ssl_keyfile": self.key}
        return {name: path for name, path in found.items() if path}


@dataclass(slots=True)
class Parts:
    """One URL, taken apart. Names and passwords are decoded. `path` is what follows the hosts, without its slash."""

    is_tls: bool
    kind: str
    user: str
    password: str
    hosts: str
    path: str
    options: dict[str, str] = field(default_factory=dict)


def servers(redis_url: str, files: Files, sentinel_user: str = "", sentinel_password: str = "") -> list[Server]:
    """Returns the servers that the URLs between commas name. Raises ImproperlyConfigured for a malformed URL: otherwise
    the server would start, and answer 500 to every request."""
    found = []
    for url in _BETWEEN_URLS.split(redis_url.strip()):
        parts = _parts(url.strip())
        make = {"sentinel": _sentinel, "cluster": _cluster, "unix": _socket}.get(parts.kind, _one)
        server = make(parts) | TIMES | LASTING | ({} if parts.kind == "unix" else KEEPALIVE)
        if parts.is_tls and "address" not in server:
            server["ssl"] = True
        tls = (files.options() | _tls_options(parts)) if parts.is_tls else {}
        if parts.kind == "sentinel":
            asking = {"username": sentinel_user, "password": sentinel_password}
            asking |= {name: parts.options.pop(f"sentinel_{name}", asking[name]) for name in asking}
            server["sentinel_kwargs"] = TIMES | tls | {name: value for name, value in asking.items() if value}
            server["sentinel_kwargs"] |= {"ssl": True} if parts.is_tls else {}
        if parts.options:
            raise ImproperlyConfigured(f"REDIS_URL has the option {min(parts.options)!r}, which means nothing there.")
        found.append(server | tls)
    if len(found) > 1 and any("nodes" in server for server in found):
        raise ImproperlyConfigured("REDIS_URL names a cluster and another server. A cluster is one URL with its nodes.")
    return found


def _parts(url: str) -> Parts:
    scheme, colon, rest = url.partition("://")
    found = _SCHEME.fullmatch(scheme)
    if not colon or found is None or (found["server"] == "unix" and found["kind"]):
        raise _malformed()
    credentials, _, place = rest.rpartition("@")
    place, _, query = place.partition("?")
    user, _, password = credentials.partition(":")
    hosts, _, path = place.partition("/")
    return Parts(
        is_tls=found["server"] in ("rediss", "valkeys"),
        kind=found["kind"] or ("unix" if found["server"] == "unix" else ""),
        user=unquote(user),
        password=unquote(password),
        hosts=hosts,
        path=path,
        options=dict(parse_qsl(query, keep_blank_values=True)),
    )


def _one(parts: Parts) -> Server:
    """A single server keeps its URL, because channels_redis takes one."""
    found = _HOST.fullmatch(parts.hosts)
    if found is None or not _is_port(found["port"]) or not re.fullmatch(r"\d*", parts.path):
        raise _malformed()
    scheme = "rediss" if parts.is_tls else "redis"
    return {"address": f"{scheme}://{_user_info(parts)}{parts.hosts}" + (f"/{parts.path}" if parts.path else "")}


def _socket(parts: Parts) -> Server:
    if parts.hosts or not parts.path:
        raise _malformed()
    number = parts.options.pop("db", "")
    if not re.fullmatch(r"\d*", number):
        raise _malformed()
    return {"address": f"unix://{_user_info(parts)}/{parts.path}" + (f"?db={number}" if number else "")}


def _user_info(parts: Parts) -> str:
    """Returns user and password as a URL holds them, encoded."""
    if not parts.user and not parts.password:
        return ""
    password = f":{quote(parts.password, safe='')}" if parts.password else ""
    return f"{quote(parts.user, safe='')}{password}@"


def _sentinel(parts: Parts) -> Server:
    """`redis+sentinel://user:password@host:26379,host2/name/0`: user and password are those of Redis, the name is what
    the sentinels call the primary."""
    found = re.fullmatch(r"(?P<name>[A-Za-z0-9._-]+)(/(?P<db>\d*))?", parts.path)
    if found is None:
        raise _malformed()
    server = {
        "sentinels": _hosts(parts.hosts, SENTINEL_PORT),
        "master_name": found["name"],
        "db": int(found["db"] or 0),
    }
    return server | _login(parts)


def _cluster(parts: Parts) -> Server:
    """`redis+cluster://user:password@host:6379,host2`: some nodes of a cluster, which name the others."""
    if parts.path not in ("", "0"):
        raise ImproperlyConfigured("REDIS_URL names a database of a cluster, which has database 0 only.")
    return {"nodes": _hosts(parts.hosts, PORT)} | _login(parts)


def _login(parts: Parts) -> dict[str, str]:
    return {name: value for name, value in (("username", parts.user), ("password", parts.password)) if value}


def _hosts(hosts: str, port: int) -> list[tuple[str, int]]:
    """Returns the hosts between commas, with their ports."""
    found = [_HOST.fullmatch(host.strip()) for host in hosts.split(",")]
    if None in found or not all(_is_port(match["port"]) for match in found if match):
        raise _malformed()
    return [(match["host"].strip("[]"), int(match["port"] or port)) for match in found if match]


def _is_port(port: str | None) -> bool:
    return port is None or 0 < int(port) < 65536


def _tls_options(parts: Parts) -> dict[str, Any]:
    """Takes what a URL says of TLS, in redis-py's words, out of its options."""
    found: dict[str, Any] = {}
    for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"):
        if name in parts.options:
            found[name] = parts.options.pop(name)
            if not os.access(found[name], os.R_OK):
                raise ImproperlyConfigured(f"{name} in REDIS_URL is not a file that this process can read.")
    if "ssl_cert_reqs" in parts.options:
        found["ssl_cert_reqs"] = parts.options.pop("ssl_cert_reqs")
        if found["ssl_cert_reqs"] not in _CERTIFICATES:
            raise ImproperlyConfigured(f"ssl_cert_reqs in REDIS_URL must be one of {', '.join(_CERTIFICATES)}.")
    if "ssl_check_hostname" in parts.options:
        is_checked = parts.options.pop("ssl_check_hostname").lower()
        if is_checked not in ("true", "false"):
            raise ImproperlyConfigured("ssl_check_hostname in REDIS_URL must be true or false.")
        found["ssl_check_hostname"] = is_checked == "true"
    return found


def _malformed() -> ImproperlyConfigured:
    return ImproperlyConfigured(
        "REDIS_URL is not the URL of a Redis, such as redis://:password@host:6379/0 (several: between commas), "
        "redis+sentinel://:password@host:26379/mymaster/0, or redis+cluster://:password@one:6379,two:6379."
    )
