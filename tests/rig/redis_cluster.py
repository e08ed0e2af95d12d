"""Throw-away Redis Clusters: nodes that are killed and come back, failovers, slots that move."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from redis.crc import key_slot

from tests.rig import servers
from tests.rig.certificates import Certificate

SLOTS = 16384
NODE_TIMEOUT_MS = 1500
"""After so long without an answer a node is dead to the others, and its replica asks for their votes."""
WAIT_SECONDS = 30.0


class RedisCluster:
    """Three primaries with a third of the slots each, and `replicas` replicas for each of them. `host` is the address
    that they listen on and announce."""

    def __init__(
        self,
        replicas: int = 0,
        binaries: servers.Binaries | None = None,
        certificate: Certificate | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        binaries = binaries or servers.find_redis()
        enabled = ["--cluster-enabled", "yes", "--cluster-node-timeout", str(NODE_TIMEOUT_MS)]
        enabled += ["--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0"]
        enabled += ["--cluster-announce-ip", host]
        self._host = host
        # The usual port for the nodes' own talk, 10,000 above, may lie in the ephemeral range.
        self._talk_ports = [servers.free_port() for _ in range(3 * (1 + replicas))]
        self._tls_ports = [servers.free_port() for _ in self._talk_ports] if certificate else []
        self.nodes = []
        for number, port in enumerate(self._talk_ports):
            secured = [*tls_options(certificate, self._tls_ports[number]), *_ANNOUNCES_TLS] if certificate else []
            options = [*enabled, "--cluster-port", str(port), *secured]
            self.nodes.append(servers.Redis(binaries, *options, host=host))
        self.primaries = self.nodes[:3]

    @property
    def url(self) -> str:
        """REDIS_URL, with TLS where the nodes have a certificate."""
        ports = self._tls_ports or [node.port for node in self.nodes]
        scheme = "rediss+cluster" if self._tls_ports else "redis+cluster"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://" + ",".join(f"{host}:{port}" for port in ports)

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        for number, node in enumerate(self.primaries):
            node.ask("CLUSTER", "ADDSLOTSRANGE", _first(number), _first(number + 1) - 1)
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in self.nodes[1:]:
            node.ask("CLUSTER", "MEET", self._host, (self._tls_ports or [self.nodes[0].port])[0], self._talk_ports[0])
        wait_until(lambda: all(len(self._known(node)) == len(self.nodes) for node in self.nodes))
        for number, node in enumerate(self.nodes[3:]):
            node.ask("CLUSTER", "REPLICATE", self.id_of(self.primaries[number % 3]))
        wait_until(self.is_whole)

    def is_whole(self) -> bool:
        """Whether every node that runs serves every slot, and every replica follows its primary."""
        running = [node for node in self.nodes if node.is_answering()]
        states = [node.ask("CLUSTER", "INFO") for node in running]
        replicas = [node.ask("INFO", "replication") for node in running]
        return all("cluster_state:ok" in str(state) for state in states) and all(
            each["role"] == "master" or each["master_link_status"] == "up" for each in replicas
        )

    @staticmethod
    def id_of(node: servers.Redis) -> str:
        return node.ask("CLUSTER", "MYID")

    def node_of(self, key: str) -> servers.Redis:
        """Returns the node that has the slot of a key now."""
        slot = key_slot(key.encode())
        for node in self.nodes:
            if not node.is_answering():
                continue
            for first, last, (_, port, *_rest), *_replicas in node.ask("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return next(each for each in self.nodes if each.port == port)
        raise servers.ServerError(f"no node has slot {slot}")

    def replica_of(self, node: servers.Redis) -> servers.Redis:
        name = self.id_of(node)
        return next(each for each in self.nodes if each.is_answering() and _follows(each) == name)

    def move(self, key: str, to: servers.Redis) -> None:
        """Moves the slot of a key, with the keys in it, as `redis-cli --cluster reshard` does."""
        slot, source = key_slot(key.encode()), self.node_of(key)
        to.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", self.id_of(source))
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", self.id_of(to))
        while keys := source.ask("CLUSTER", "GETKEYSINSLOT", slot, 100):
            source.ask("MIGRATE", self._host, to.port, "", 0, 5000, "KEYS", *keys)
        for node in (to, source, *self.nodes):
            if node.ask("ROLE")[0] == "master":
                node.ask("CLUSTER", "SETSLOT", slot, "NODE", self.id_of(to))

    def fail_over(self, key: str) -> servers.Redis:
        """Makes a replica the primary of a key's slot, as before an update of the primary. Returns the new primary."""
        replica = self.replica_of(self.node_of(key))
        replica.ask("CLUSTER", "FAILOVER")
        wait_until(lambda: self.node_of(key) is replica)
        return replica

    def heal(self) -> None:
        """Starts what was killed, wakes what was frozen, and waits until the cluster is whole."""
        for node in self.nodes:
            node.resume()
            if node.process.poll() is not None:
                node.start()
        wait_until(self.is_whole)

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    @staticmethod
    def _known(node: servers.Redis) -> list[str]:
        return [line for line in str(node.ask("CLUSTER", "NODES")).splitlines() if line]


def _first(number: int) -> int:
    return number * SLOTS // 3


def _follows(node: servers.Redis) -> str:
    """Returns the id of the primary that a node follows, "-" for a primary."""
    nodes = str(node.ask("CLUSTER", "NODES")).splitlines()
    return next(line for line in nodes if "myself" in line).split()[3]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise servers.ServerError(f"the cluster was not ready within {WAIT_SECONDS:.0f} s")
        time.sleep(0.05)


def tls_options(certificate: Certificate, port: int) -> list[str | Path]:
    """Returns the options of a second port, with TLS, whose clients must have a certificate too."""
    files = ["--tls-ca-cert-file", certificate.authority, "--tls-cert-file", certificate.certificate]
    return ["--tls-port", str(port), *files, "--tls-key-file", certificate.key, "--tls-auth-clients", "yes"]


_ANNOUNCES_TLS = ["--tls-cluster", "yes"]
"""With which clients that come over TLS are sent to ports with TLS."""


def start_cluster(
    replicas: int = 0,
    binaries: servers.Binaries | None = None,
    certificate: Certificate | None = None,
    host: str = "127.0.0.1",
) -> RedisCluster:
    """Starts a cluster and waits until it serves every slot: about two seconds."""
    cluster = RedisCluster(replicas, binaries, certificate, host)
    cluster.start()
    return cluster
