"""A throw-away Redis behind a Sentinel, with passwords of both, and replicas that take over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from tests.rig import servers
from tests.rig.certificates import Certificate
from tests.rig.redis_cluster import tls_options, wait_until

NAME = "mymaster"
CONFIGURATION = """
port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor {name} 127.0.0.1 {primary} 1
sentinel down-after-milliseconds {name} 500
sentinel failover-timeout {name} 5000
"""


class Sentinel(servers.Redis):
    """One sentinel, which watches the primary at a port. With `tls`, options of its own and its talk with the primary
    are secured."""

    def __init__(
        self,
        primary: int,
        password: str,
        own_password: str,
        binaries: servers.Binaries | None = None,
        tls: Sequence[str | Path] = (),
    ) -> None:
        super().__init__(binaries or servers.find_redis())
        text = CONFIGURATION.format(port=self.port, folder=self._folder, name=NAME, primary=primary)
        text += "".join(
            f"{str(name).removeprefix('--')} {value}\n" for name, value in zip(tls[::2], tls[1::2], strict=True)
        )
        text += f'sentinel auth-pass {NAME} "{password}"\n' if password else ""
        text += f'requirepass "{own_password}"\n' if own_password else ""
        self.password = own_password
        file = self._folder / "sentinel.conf"
        file.write_text(text)
        servers.give_to(self._user, file)
        self._command = [file, "--sentinel"]


class RedisBehindSentinel:
    """A primary, its replicas and a sentinel. `password` is that of the servers, `own_password` the sentinel's. With a
    certificate clients reach all of them over TLS, and they each other."""

    def __init__(
        self,
        replicas: int = 0,
        password: str = "",
        own_password: str = "",
        binaries: servers.Binaries | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        secured: list[str | Path] = ["--requirepass", password, "--masterauth", password] if password else []
        quick = ["--repl-diskless-sync-delay", "0"]
        self.password = password
        tls_port, self._tls_port = servers.free_port(), servers.free_port()
        tls = [*tls_options(certificate, self._tls_port), "--tls-replication", "yes"] if certificate else []
        self._is_tls = bool(tls)
        if tls:
            assert not replicas, "replicas would follow a port without TLS"
            secured += ["--tls-port", str(tls_port), *tls[2:]]
        self.primary = servers.start_redis(binaries, *secured, *quick)
        self.primary.password = password
        following = ["--replicaof", f"127.0.0.1 {self.primary.port}"]
        self.replicas = [servers.start_redis(binaries, *secured, *quick, *following) for _ in range(replicas)]
        for replica in self.replicas:
            replica.password = password
            wait_until(lambda replica=replica: replica.ask("INFO", "replication").get("master_link_status") == "up")
        self.sentinel = Sentinel(tls_port if tls else self.primary.port, password, own_password, binaries, tls)
        self.sentinel.start()
        wait_until(lambda: len(self.sentinel.ask("SENTINEL", "REPLICAS", NAME)) == replicas)

    def url(self, name: str = NAME) -> str:
        login = f":{quote(self.password, safe='')}@" if self.password else ""
        scheme, port = ("rediss", self._tls_port) if self._is_tls else ("redis", self.sentinel.port)
        return f"{scheme}+sentinel://{login}127.0.0.1:{port}/{name}/0"

    def stop(self) -> None:
        for server in (self.sentinel, *self.replicas, self.primary):
            server.stop()
