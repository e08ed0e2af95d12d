"""A Redis behind a real Sentinel: the primary is killed, the replica takes over, and delivery goes on by push."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator

import pytest

from tests.rig import servers
from tests.rig.raw import RawSocket
from tests.rig.rest import channel
from tests.rig.site import Site, Sites
from tests.tidewire.serve.served import Served, wait_until
from tests.tidewire.serve.test_metrics import samples

pytestmark = pytest.mark.verify

PASSWORD = "a,b@c/d"
FAILOVER_SECONDS = 30.0

SENTINEL = """
port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor mymaster 127.0.0.1 {primary} 1
sentinel auth-pass mymaster {password}
sentinel down-after-milliseconds mymaster 500
sentinel failover-timeout mymaster 5000
"""


class Redis:
    """One process of redis-server: a primary, a replica of `primary`, or a sentinel that watches it."""

    def __init__(self, *, primary: int = 0, is_sentinel: bool = False) -> None:
        self.port = servers.free_port()
        self._folder = servers.temporary_folder("sentinel")
        self._folder.chmod(0o777)
        program = str(servers.find_redis().folder / "redis-server")
        if is_sentinel:
            conf = self._folder / "sentinel.conf"
            conf.write_text(SENTINEL.format(port=self.port, folder=self._folder, primary=primary, password=PASSWORD))
            conf.chmod(0o666)
            command = [program, str(conf), "--sentinel"]
        else:
            secured = ["--requirepass", PASSWORD, "--masterauth", PASSWORD]
            command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *secured]
            command += ["--repl-diskless-sync-delay", "0", "--dir", str(self._folder)]
            command += ["--replicaof", "127.0.0.1", str(primary)] if primary else []
        self._log = self._folder / "log"
        self._process = servers.spawn(command, log=self._log, user=servers.unprivileged_user(), cwd=self._folder)
        assert wait_until(lambda: self.ask("PING") != "", 20), self._log.read_text()

    def ask(self, *commands: str) -> str:
        """Returns all that it answers to these commands."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall("".join(f"{command}\r\n" for command in (*commands, "QUIT")).encode())
                received = b""
                while piece := connection.recv(65536):
                    received += piece
                return received.decode()
        except OSError:
            return ""

    def kill(self) -> None:
        servers.end(self._process, signal.SIGKILL)


@pytest.fixture(scope="module")
def redis() -> Iterator[tuple[Redis, Redis, Redis]]:
    primary = Redis()
    replica = Redis(primary=primary.port)
    assert wait_until(lambda: "master_link_status:up" in replica.ask(f"AUTH {PASSWORD}", "INFO replication"), 20)
    sentinel = Redis(primary=primary.port, is_sentinel=True)
    # It must know the replica before the primary dies.
    assert wait_until(lambda: "num-slaves\r\n$1\r\n1" in sentinel.ask("SENTINEL MASTER mymaster"), 30)
    yield primary, replica, sentinel
    for each in (primary, replica, sentinel):
        each.kill()


@pytest.fixture(scope="module")
def site(sites: Sites, redis: tuple[Redis, Redis, Redis]) -> Iterator[Site]:
    made = sites.make("grown", processes=1)
    environment = made.environment | {"REDIS_URL": f"redis+sentinel://:{PASSWORD}@127.0.0.1:{redis[2].port}/mymaster/0"}
    site = Site("grown", made.folder, environment, 1, made._redis)
    site.servers[:] = [Served(environment, made.folder / "served.log", "--workers", "2")]
    site.start()
    yield site
    site.stop()
    site.check_logs()


def test_delivery_goes_on_after_a_failover(site: Site, redis: tuple[Redis, Redis, Redis]) -> None:
    primary, replica, _ = redis
    assert wait_until(lambda: is_pushed(site), 20)
    alice, bob = site.people("alice", "bob")
    room = alice.make_room()
    alice.add(room, bob)
    with RawSocket(site.ws_url) as client:
        client.connect(bob.fresh_token())
        client.subscribe(channel(room))
        alice.say(room, "before")
        primary.kill()
        alice.say(room, "meanwhile")  # the log has it
        assert wait_until(
            lambda: "role:master" in replica.ask(f"AUTH {PASSWORD}", "INFO replication"), FAILOVER_SECONDS
        )
        assert wait_until(lambda: is_pushed(site), FAILOVER_SECONDS)
        alice.say(room, "after")
        pushes = [client.receive()["push"] for _ in range(3)]
        client.send({"id": 9, "presence": {"channel": channel(room)}})
        assert client.reply(9)["presence"]["presence"]
    texts = [push["pub"]["data"]["data"]["text"] for push in pushes]
    assert texts == ["before", "meanwhile", "after"]


def is_pushed(site: Site) -> bool:
    return samples(site.server).get(("tidewire_layer_deaf",)) == 0 and layer(site) == "ok"


def layer(site: Site) -> str:
    return site.server.get("/readyz").json()["checks"]["layer"]
