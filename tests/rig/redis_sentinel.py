"""A throw-away Redis behind a Sentinel, with passwords of both, and replicas that take over."""

from __future__ import annotations

from urllib.parse import quote

from tests.rig import servers
from tests.rig.redis_cluster import wait_until

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
    """One sentinel, which watches a primary."""

    def __init__(
        self, primary: servers.Redis, password: str, own_password: str, binaries: servers.Binaries | None = None
    ) -> None:
        super().__init__(binaries or servers.find_redis())
        text = CONFIGURATION.format(port=self.port, folder=self._folder, name=NAME, primary=primary.port)
        text += f'sentinel auth-pass {NAME} "{password}"\n' if password else ""
        text += f'requirepass "{own_password}"\n' if own_password else ""
        self.password = own_password
        file = self._folder / "sentinel.conf"
        file.write_text(text)
        servers.give_to(self._user, file)
        self._command = [file, "--sentinel"]


class RedisBehindSentinel:
    """A primary, its replicas and a sentinel. `password` is that of the servers, `own_password` the sentinel's."""

    def __init__(
        self,
        replicas: int = 0,
        password: str = "",
        own_password: str = "",
        binaries: servers.Binaries | None = None,
    ) -> None:
        secured = ["--requirepass", password, "--masterauth", password] if password else []
        quick = ["--repl-diskless-sync-delay", "0"]
        self.password = password
        self.primary = servers.start_redis(binaries, *secured, *quick)
        self.primary.password = password
        following = ["--replicaof", f"127.0.0.1 {self.primary.port}"]
        self.replicas = [servers.start_redis(binaries, *secured, *quick, *following) for _ in range(replicas)]
        for replica in self.replicas:
            replica.password = password
            wait_until(lambda replica=replica: replica.ask("INFO", "replication").get("master_link_status") == "up")
        self.sentinel = Sentinel(self.primary, password, own_password, binaries)
        self.sentinel.start()
        wait_until(lambda: len(self.sentinel.ask("SENTINEL", "REPLICAS", NAME)) == replicas)

    def url(self, name: str = NAME) -> str:
        login = f":{quote(self.password, safe='')}@" if self.password else ""
        return f"redis+sentinel://{login}127.0.0.1:{self.sentinel.port}/{name}/0"

    def stop(self) -> None:
        for server in (self.sentinel, *self.replicas, self.primary):
            server.stop()
