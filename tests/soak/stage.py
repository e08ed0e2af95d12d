"""The servers of a run: a database, a Redis or a cluster, workers behind a balancer, and the proxies between them.

Everything is started from the main thread, because children die with the thread that started them.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.rig import servers
from tests.rig.redis_cluster import RedisCluster, start_cluster
from tests.rig.site import ROOT, Environment, Server, child_environment, run_manage, tracebacks
from tests.soak.plan import Plan
from tests.soak.proxy import Proxies, Proxy

POSTGRESQL_SETTINGS = ("synchronous_commit = on",)  # what was answered must survive a crash of the database
STOPPING = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class Worker(Server):
    """One server process: `manage.py serve`, or `command`."""

    def __init__(self, environment: Environment, log: Path, command: list[str] | None = None) -> None:
        super().__init__(environment, log)
        self.name = log.stem
        self._command = command

    def start(self, wait: bool = True) -> None:
        self._process = servers.spawn(
            [sys.executable, *self._arguments()], log=self.log, cwd=ROOT, env=self._environment
        )
        if wait:
            self.wait_until_ready()

    def _arguments(self) -> list[str]:
        if self._command is not None:
            return [part.format(port=self.port) for part in self._command]
        return ["manage.py", "serve", "--port", str(self.port)]

    def pids(self) -> list[int]:
        """Returns the ids of the process and its children, because a supervisor's memory is not that of its workers."""
        if not self.is_running:
            return []
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        try:
            return [self.process.pid, *map(int, children.read_text().split())]
        except OSError:
            return [self.process.pid]


class Database:
    """A PostgreSQL that can be stopped in two ways and comes back with its data."""

    def __init__(self, name: str) -> None:
        self.server = servers.start_postgresql(servers.find_postgresql())
        self.url = self.server.create_database(name)
        for setting in POSTGRESQL_SETTINGS:
            self.server.execute(f'ALTER DATABASE "{name}" SET {setting}')

    def restart(self, how: str, away: Any) -> None:
        """Stops it and starts it again. `away` is called in between."""
        process = self.server.process
        assert process is not None
        assert self.server.log is not None
        servers.end(process, STOPPING[how])
        away()
        folder = self.server.log.parent
        (folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        assert isinstance(process.args, list)
        self.server.process = subprocess.Popen(
            process.args,
            stdin=subprocess.DEVNULL,
            stdout=self.server.log.open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=folder,
            env=servers._plain_environment(),
        )
        servers._wait(lambda: servers._answers(self.server), self.server.process, self.server.log, "PostgreSQL")

    def terminate_backends(self) -> None:
        name = self.url.rsplit("/", 1)[1]
        self.server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def stop(self) -> None:
        self.server.stop()


class Stage:
    """All servers. `links[n]` is the proxy from worker n to Redis, `balancer` the one from clients to workers."""

    def __init__(self, plan: Plan, folder: Path, settings: dict[str, str]) -> None:
        self.plan, self.folder = plan, folder
        self.proxies = Proxies()
        self.database: Database | None = None
        self.redis: servers.Redis | None = None
        self.links: list[Proxy] = []
        self.environment = {**child_environment(folder), **settings}
        self.cluster: RedisCluster | None = None
        if plan.size != "embedded":
            self.database = Database(f"soak_{plan.system}_{plan.seed}")
            self.environment["DATABASE_URL"] = self.database.url
        if plan.size == "cluster":
            self.cluster = start_cluster(replicas=1)
            self.environment["REDIS_URL"] = self.cluster.url
        if plan.size == "grown":
            self.redis = servers.start_redis(servers.find_redis())
            self.links = [self.proxies.proxy([self.redis.port]) for _ in range(plan.workers + 1)]
        self.workers = [self._worker(number) for number in range(plan.workers)]
        self.balancer = self.proxies.proxy([worker.port for worker in self.workers])
        self.url = f"http://127.0.0.1:{self.balancer.port}"
        self.ws_url = f"ws://127.0.0.1:{self.balancer.port}/connection/websocket"

    def environment_of(self, number: int) -> Environment:
        """Returns the environment of process `number`. Each has its own link to Redis, the last for the bulk writer."""
        if not self.links:
            return self.environment
        return {**self.environment, "REDIS_URL": f"redis://127.0.0.1:{self.links[number].port}/0"}

    def _worker(self, number: int) -> Worker:
        return Worker(self.environment_of(number), self.folder / f"worker-{number}.log", self.command())

    def command(self) -> list[str] | None:
        """Returns the command of a worker; None for Tidewire's."""
        return None

    def migrate(self) -> None:
        run_manage(self.environment, "migrate", "--verbosity", "0")

    def start(self) -> None:
        self.migrate()
        for worker in self.workers:
            worker.start(wait=False)
        for worker in self.workers:
            worker.wait_until_ready()

    def heal(self) -> None:
        """Repairs everything that is broken and waits until all workers are ready."""
        for proxy in (*self.links, self.balancer):
            proxy.delay, proxy.is_refusing = 0.0, False
            proxy.release()
        if self.redis is not None:
            self.redis.resume()
            if self.redis.process.poll() is not None:
                self.redis.start()
        if self.cluster is not None:
            self.cluster.heal()
        for worker in self.workers:
            if worker.is_running:
                worker.resume()
            else:
                worker.start(wait=False)
        for worker in self.workers:
            worker.wait_until_ready()

    def tracebacks(self) -> list[str]:
        return [
            f"{worker.name}: {text}"
            for worker in self.workers
            for text in tracebacks(worker.log.read_text(errors="replace"))
        ]

    def stop(self) -> None:
        for worker in self.workers:
            if worker.is_running:
                worker.terminate()
        self.proxies.stop()
        if self.redis is not None:
            self.redis.stop()
        if self.cluster is not None:
            self.cluster.stop()
        if self.database is not None:
            self.database.stop()


def memory_mib(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmRSS")), 0.0)
