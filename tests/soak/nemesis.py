"""The faults. Each ends by itself after its time; what it broke then works again, or is starting."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator

import msgpack

from tests.rig import servers
from tests.rig.redis_cluster import RedisCluster, wait_until
from tests.soak.bulk_process import BulkProcess
from tests.soak.history import Fault, History, now
from tests.soak.people import Account
from tests.soak.plan import PlannedFault
from tests.soak.proxy import Proxy
from tests.soak.redis_forger import RedisForger, log_out_under_forgery
from tests.soak.stage import Stage, Worker
from tests.soak.stalled import StalledReader
from tidewire.ground import streams

SLOW_SECONDS = 0.7

# What must not stop a hub: types of a newer release, wrong shapes, and bytes that are no message.
POISON = (
    {"type": "tidewire.of_the_future", "v": 3, "stream": "room:x"},
    {"type": "tidewire.events", "v": 1},
    {"type": "tidewire.events", "v": 1, "stream": "room:x", "epoch": "e", "events": [["one", None, 3]]},
    {"type": "tidewire.events", "v": 1, "stream": 7, "epoch": [], "events": {}},
    {"type": "tidewire.ephemeral", "v": 1, "stream": "room:x", "kind": "pub", "content": 5},
    {"type": "websocket.close"},
    {"type": "websocket.disconnect", "code": 1000},
    [1, 2, 3],
    None,
)
GARBAGE = (b"", b"\xc1\xff\x00", b"\x80" * 70_000)


class Nemesis:
    """Inflicts the planned faults. Runs in the main thread, because a process dies with the thread that started it."""

    def __init__(self, stage: Stage, bulk: BulkProcess, history: History, account: Account) -> None:
        self._stage, self._bulk, self._history, self._account = stage, bulk, history, account

    def inflict(self, planned: PlannedFault) -> None:
        fault = Fault(planned.kind, "", now())
        self._history.faults.append(fault)
        try:
            fault.target = self._FAULTS[planned.kind](self, planned) or ""
        except Exception as error:
            self._history.errors.append(f"the fault {planned.kind} failed: {error!r}"[:500])
        fault.ended = now()

    # -- workers -------------------------------------------------------------------------------------------------------

    def _end_worker(self, planned: PlannedFault) -> str:
        worker = self._worker(planned)
        if worker.is_running:
            (worker.kill if planned.kind == "worker.kill" else worker.terminate)()
        time.sleep(planned.seconds)
        worker.start(wait=False)
        return worker.name

    def _freeze_worker(self, planned: PlannedFault) -> str:
        """SIGSTOP: its sockets stay open. When it wakes, time has passed."""
        worker = self._worker(planned)
        with frozen(worker.pids()):
            time.sleep(planned.seconds)
        return worker.name

    def _worker(self, planned: PlannedFault) -> Worker:
        return self._stage.workers[planned.target % len(self._stage.workers)]

    # -- clients -------------------------------------------------------------------------------------------------------

    def _cut_clients(self, planned: PlannedFault) -> str:
        """Resets every connection: all clients come back at once."""
        self._stage.balancer.cut()
        return "all clients"

    def _hold_clients(self, planned: PlannedFault) -> str:
        with held(self._stage.balancer):
            time.sleep(planned.seconds)
        return "all clients"

    def _stall_reader(self, planned: PlannedFault) -> str:
        with StalledReader(self._worker(planned).port, self._account.some_token(), self._streams):
            time.sleep(planned.seconds)
        return "a socket that reads nothing"

    @property
    def _streams(self) -> list[str]:
        return sorted({write.stream for write in self._history.writes if write.stream})

    def _kill_writer(self, planned: PlannedFault) -> str:
        self._bulk.kill()
        self._bulk.start()
        return "the bulk writer"

    # -- Redis ---------------------------------------------------------------------------------------------------------

    @property
    def _redis(self) -> servers.Redis:
        assert self._stage.redis is not None
        return self._stage.redis

    def _kill_redis(self, planned: PlannedFault) -> str:
        self._redis.kill()
        time.sleep(planned.seconds)
        self._redis.start()
        return "Redis"

    def _restart_redis(self, planned: PlannedFault) -> str:
        self._redis.restart()
        return "Redis"

    def _freeze_redis(self, planned: PlannedFault) -> str:
        self._redis.pause()
        time.sleep(planned.seconds)
        self._redis.resume()
        return "Redis"

    def _flush_redis(self, planned: PlannedFault) -> str:
        """FLUSHALL, and every subscriber's connection is dropped by the server."""
        with self._connection() as connection:
            connection.flushall()
            connection.client_kill_filter(_type="pubsub")
        return "Redis"

    def _poison(self, planned: PlannedFault) -> str:
        with self._connection() as connection:
            channels = connection.pubsub_channels()
            for channel in channels:
                for message in POISON:
                    connection.publish(channel, msgpack.packb(message))
                for garbage in GARBAGE:
                    connection.publish(channel, garbage)
        return f"{len(channels)} channels"

    def _forge(self, planned: PlannedFault) -> str:
        """A forger answers every message of the layer, and meanwhile a session is logged out in another process."""
        worker = self._worker(planned)
        for each in self._stage.workers:
            each.wait_until_ready()
        forger = RedisForger(self._redis.port)
        forger.start()
        try:
            other = self._stage.workers[planned.target % len(self._stage.workers) - 1]
            stream = self._streams[planned.target % len(self._streams)]
            person = self._account.person_at(other.url)
            self._history.closings.append(log_out_under_forgery(person, worker, stream, planned.seconds))
        finally:
            forger.stop()
        return f"{forger.count} messages"

    @contextlib.contextmanager
    def _connection(self) -> Iterator[object]:
        import redis

        connection = redis.Redis(port=self._redis.port, socket_timeout=2)
        try:
            yield connection
        finally:
            connection.close()

    # -- a Redis Cluster -----------------------------------------------------------------------------------------------

    @property
    def _cluster(self) -> RedisCluster:
        """The cluster, when it is whole again after the last fault."""
        assert self._stage.cluster is not None
        wait_until(self._stage.cluster.is_whole)
        return self._stage.cluster

    def _group(self, planned: PlannedFault) -> str:
        """Returns the channel of a stream that is written to."""
        stream = self._streams[planned.target % len(self._streams)]
        return f"tidewire__group__{streams.group(stream)}"

    def _kill_node(self, planned: PlannedFault) -> str:
        node = self._cluster.node_of(self._group(planned))
        node.kill()
        time.sleep(planned.seconds)
        node.start()
        return f"the node at {node.port}"

    def _freeze_node(self, planned: PlannedFault) -> str:
        node = self._cluster.node_of(self._group(planned))
        node.pause()
        time.sleep(planned.seconds)
        node.resume()
        return f"the node at {node.port}"

    def _fail_over(self, planned: PlannedFault) -> str:
        return f"to the node at {self._cluster.fail_over(self._group(planned)).port}"

    def _move_slot(self, planned: PlannedFault) -> str:
        cluster, group = self._cluster, self._group(planned)
        source = cluster.node_of(group)
        others = [node for node in cluster.nodes if node.ask("ROLE")[0] == "master" and node is not source]
        cluster.move(group, others[planned.target % len(others)])
        return group

    # -- the proxy between a worker and Redis -------------------------------------------------------------------------

    def _link(self, planned: PlannedFault) -> tuple[Proxy, str]:
        number = planned.target % len(self._stage.links)
        return self._stage.links[number], f"link {number}"

    def _cut_link(self, planned: PlannedFault) -> str:
        link, name = self._link(planned)
        link.cut()
        return name

    def _hold_link(self, planned: PlannedFault) -> str:
        link, name = self._link(planned)
        with held(link):
            time.sleep(planned.seconds)
        return name

    def _delay_link(self, planned: PlannedFault) -> str:
        link, name = self._link(planned)
        link.delay = SLOW_SECONDS
        time.sleep(planned.seconds)
        link.delay = 0.0
        return name

    # -- PostgreSQL ----------------------------------------------------------------------------------------------------

    def _terminate_backends(self, planned: PlannedFault) -> str:
        assert self._stage.database is not None
        self._stage.database.terminate_backends()
        return "all backends"

    def _restart_postgresql(self, planned: PlannedFault) -> str:
        assert self._stage.database is not None
        how = planned.kind.partition(".")[2]
        self._stage.database.restart(how, away=lambda: time.sleep(planned.seconds))
        return how

    _FAULTS: dict[str, Callable[[Nemesis, PlannedFault], str]] = {
        "worker.kill": _end_worker,
        "worker.term": _end_worker,
        "worker.freeze": _freeze_worker,
        "clients.cut": _cut_clients,
        "clients.hold": _hold_clients,
        "reader.stall": _stall_reader,
        "writer.kill": _kill_writer,
        "redis.kill": _kill_redis,
        "redis.freeze": _freeze_redis,
        "redis.flush": _flush_redis,
        "redis.restart": _restart_redis,
        "cluster.kill": _kill_node,
        "cluster.freeze": _freeze_node,
        "cluster.failover": _fail_over,
        "cluster.move": _move_slot,
        "link.cut": _cut_link,
        "link.hold": _hold_link,
        "link.delay": _delay_link,
        "layer.poison": _poison,
        "layer.forge": _forge,
        "postgres.terminate": _terminate_backends,
        "postgres.fast": _restart_postgresql,
        "postgres.immediate": _restart_postgresql,
    }


@contextlib.contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """Stops these processes while the block runs."""
    try:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def held(proxy: Proxy) -> Iterator[None]:
    proxy.hold()
    try:
        yield
    finally:
        proxy.release()
