"""Faults that are planted on a running server, by the alert that each must raise.

A fault is a generator: what stands before its `yield` plants it, what stands after mends it.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
from websockets.exceptions import ConnectionClosed

from tests.rig import servers
from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import ROOT, Site
from tests.tidewire.serve.served import children
from tests.tidewire.webhooks.receiver import Receiver, Say

MAX_CONNECTIONS = 60
SETTINGS = {
    "TIDEWIRE_EXTRA_APPS": "tests.rig.crashing",
    "MAX_CONNECTIONS": str(MAX_CONNECTIONS),
    "MAX_CONNECTIONS_PER_USER": "0",
    "DATABASE_POOL_SIZE": "6",
    "MAX_VIEWS": "12",  # more than the pool holds: a set-up that the pool's alert is for
    "MAX_VIEWS_PER_ACCOUNT": "50",
    "DATABASE_MAX_BYTES": str(40 * 1024 * 1024),
    "PRUNE_SECONDS": "4",
    "WEBHOOK_LOOPBACK": "1",
    "ACCESS_TOKEN_SECONDS": "3600",
}
FILLER = "CREATE TABLE filler AS SELECT repeat(md5(n::text), 30) AS text FROM generate_series(1, 40000) AS n"
WRITER = """
import sys
from api.models import Message
for line in sys.stdin:
    Message.objects.bulk_create(Message(room_id="{room}", text="x" * 3900) for _ in range(int(line)))
    print(line, end="", flush=True)
"""
FORGED = """
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from tidewire.ground import streams
message = {"type": "tidewire.events", "v": 2, "at": 0.0, "body": b"", "mac": b""}
async_to_sync(get_channel_layer().group_send)(streams.group(streams.REVOCATIONS), message)
"""
LATE_JOB = """
INSERT INTO tidewire_job (kind, subject, progress, failures, created_at, due_at)
VALUES ('erase_account', 'none', '', 9, now(), now() + interval '10 minutes')
"""


@dataclass
class Scene:
    """A running server, a person with a room, and a receiver of webhooks."""

    site: Site
    folder: Path
    alice: Person = field(init=False)
    room: str = field(init=False)
    receiver: Receiver = field(default_factory=Receiver)
    closing: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.alice = self.site.person("alice")
        self.room = self.alice.make_room()
        self.closing.callback(self.receiver.close)

    def subscribe(self) -> None:
        """A client subscribes to the room, reads, and answers pings."""
        reader = RawSocket(self.site.ws_url)
        reader.connect(self.alice.fresh_token())
        reader.subscribe(channel(self.room))
        threading.Thread(target=_read, args=(reader,), daemon=True).start()

    @contextmanager
    def writer(self) -> Iterator[Callable[[int], None]]:
        """Another process, which writes so many messages of 4 KB to the room whenever it is asked."""
        command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", WRITER.format(room=self.room)]
        process = subprocess.Popen(
            command, cwd=ROOT, env=self.site.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        assert process.stdout is not None
        orders, answers = process.stdin, process.stdout

        def write(count: int) -> None:
            orders.write(f"{count}\n")
            orders.flush()
            assert answers.readline() == f"{count}\n"

        try:
            write(0)  # waits until it is there
            yield write
        finally:
            process.kill()
            process.wait()

    def sql(self, statement: Any) -> None:
        """Runs a statement in the site's database."""
        with psycopg.connect(self.site.environment["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(statement)

    @contextmanager
    def requests(self, path: str, clients: int, *people: Person) -> Iterator[None]:
        """So many clients of each person, Alice or those named, ask for a path again and again, until the block
        ends."""
        stop = threading.Event()

        def ask(person: Person) -> None:
            headers = {"Authorization": f"Bearer {person.access}"}
            with httpx.Client(base_url=self.site.url, headers=headers, trust_env=False, timeout=30) as client:
                while not stop.is_set():
                    with suppress(httpx.TransportError):
                        client.get(path)
                    stop.wait(0.05)

        threads = [
            threading.Thread(target=ask, args=(person,), daemon=True)
            for person in people or (self.alice,)
            for _ in range(clients)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(30)

    def webhook(self, status: int) -> None:
        """Makes a webhook whose receiver answers with this status, and an event for it."""
        self.receiver.answer = lambda got: Say(status)
        self.alice.post("webhooks/", {"url": self.receiver.url, "streams": [channel(self.room)]})
        self.alice.say(self.room, "for the webhook")

    @contextmanager
    def worker(self) -> Iterator[None]:
        """A worker of webhooks runs, until the block ends."""
        command = [sys.executable, "manage.py", "deliver_webhooks"]
        process = servers.spawn(command, log=self.folder / "worker.log", cwd=ROOT, env=self.site.environment)
        try:
            yield
        finally:
            servers.end(process, signal.SIGTERM)


def _read(client: RawSocket) -> None:
    with suppress(ConnectionClosed, OSError):
        while True:
            with suppress(TimeoutError):
                client.receive(5)


Fault = Callable[[Scene], Iterator[None]]
FAULTS: dict[str, Fault] = {}
"""{alert: its fault}, in the order in which they are planted, on one process with a database and a Redis of its own."""
FAULTS_OF_WORKERS: dict[str, Fault] = {}
"""The same for a supervisor with two workers."""


def raises(alert: str, faults: dict[str, Fault] = FAULTS) -> Callable[[Fault], Fault]:
    def declare(fault: Fault) -> Fault:
        faults[alert] = fault
        return fault

    return declare


# -- users notice ------------------------------------------------------------------------------------------------------


@raises("TidewireRequestsFail")
def views_crash(scene: Scene) -> Iterator[None]:
    for _ in range(3):  # the first ones of their route
        scene.site.server.get("/api/v1/crash/")
    yield


@raises("TidewireRequestsSlow")
def a_view_is_slow(scene: Scene) -> Iterator[None]:
    with scene.requests("/api/v1/slow/", 4):
        yield


@raises("TidewireViewsFull")
def all_views_are_taken(scene: Scene) -> Iterator[None]:
    """So many that a request waits for longer than VIEW_WAIT_SECONDS."""
    people = scene.site.people("bob", "carol", "dave", "erin")
    with scene.requests("/api/v1/slow/", 15, *people):
        yield


@raises("TidewirePoolEmpty")
def a_lock_holds_all_connections(scene: Scene) -> Iterator[None]:
    with psycopg.connect(scene.site.environment["DATABASE_URL"]) as connection:
        connection.execute("LOCK TABLE api_member IN ACCESS EXCLUSIVE MODE")
        with scene.requests("/api/v1/rooms/", 11):
            yield
            connection.rollback()


@raises("TidewireDeliverySlow")
def a_process_stands_still(scene: Scene) -> Iterator[None]:
    """An event is written meanwhile by another process, as when a machine swaps."""
    scene.subscribe()
    with scene.writer() as write:
        scene.site.server.pause()
        write(1)
        time.sleep(3)  # as long as the fault lasts
        scene.site.server.resume()
        yield


@raises("TidewireLoopLate")
def the_loop_is_stopped_again_and_again(scene: Scene) -> Iterator[None]:
    stop = threading.Event()

    def stutter() -> None:
        while not stop.is_set():
            scene.site.server.pause()
            stop.wait(0.9)
            scene.site.server.resume()
            stop.wait(1.5)

    thread = threading.Thread(target=stutter, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(5)


# -- limits ------------------------------------------------------------------------------------------------------------

_silent: list[RawSocket] = []


@raises("TidewireConnectionsFull")
def many_clients_connect(scene: Scene) -> Iterator[None]:
    token = scene.alice.fresh_token()
    for _ in range(MAX_CONNECTIONS - 4):
        client = RawSocket(scene.site.ws_url)
        client.connect(token)
        _silent.append(client)
    yield


@raises("TidewireClientsEnded")
def and_answer_no_ping(scene: Scene) -> Iterator[None]:
    """Those of the fault before this one."""
    assert len(_silent) > 30
    yield
    for client in _silent:
        client.close()


@raises("TidewireDescriptorsFull")
def the_limit_of_open_files_is_low(scene: Scene) -> Iterator[None]:
    pid = scene.site.server.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    few = int(len(os.listdir(f"/proc/{pid}/fd")) * 1.15) + 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (few, hard))
    yield
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


@raises("TidewireDoorLate")
def a_reader_takes_no_bytes(scene: Scene) -> Iterator[None]:
    target = urlsplit(scene.site.url)
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect((target.hostname or "", target.port or 0))
        path = f"/api/v1/streams/events/?stream={channel(scene.room)}"
        head = f"GET {path} HTTP/1.1\r\nHost: {target.netloc}\r\nAuthorization: Bearer {scene.alice.access}\r\n\r\n"
        reader.sendall(head.encode())
        reader.recv(1024)
        with scene.writer() as write:
            # More than the kernels keep, and slowly: less than what makes the server end it.
            deadline = time.monotonic() + 150
            while not re.search(r'door_lag_seconds{door="event source"} [1-9]', scene.site.server.get("/metrics").text):
                assert time.monotonic() < deadline
                write(8)
                time.sleep(0.5)
            yield


# -- what runs beside --------------------------------------------------------------------------------------------------


@raises("TidewireChoreLate")
def a_chore_fails(scene: Scene) -> Iterator[None]:
    scene.sql("ALTER TABLE tidewire_answer RENAME TO hidden")
    scene.sql("UPDATE tidewire_chore SET done_at = now() - interval '2 hours' WHERE name = 'answers'")
    yield
    scene.sql("ALTER TABLE hidden RENAME TO tidewire_answer")


@raises("TidewireJobStuck")
def a_job_waits_after_failures(scene: Scene) -> Iterator[None]:
    scene.sql(LATE_JOB)
    yield
    scene.sql("DELETE FROM tidewire_job")


@raises("TidewireDatabaseFull")
def the_database_fills(scene: Scene) -> Iterator[None]:
    scene.sql(FILLER)
    yield
    scene.sql("DROP TABLE filler")


@raises("TidewireWebhooksIdle")
def no_worker_of_webhooks_runs(scene: Scene) -> Iterator[None]:
    scene.webhook(500)
    yield


@raises("TidewireWebhooksLate")
def a_receiver_fails(scene: Scene) -> Iterator[None]:
    """That of the fault before this one."""
    with scene.worker():
        yield


@raises("TidewireWebhookDisabled")
def a_receiver_is_gone(scene: Scene) -> Iterator[None]:
    time.sleep(35)  # the figures of before must be older than the range
    scene.receiver.answer = lambda got: Say(410)
    with scene.worker():
        yield


# -- what it stands on -------------------------------------------------------------------------------------------------


@raises("TidewireLayerForged")
def a_message_is_forged(scene: Scene) -> Iterator[None]:
    scene.site.shell(FORGED)
    yield


@raises("TidewireEventsLost")
def the_database_loses_events(scene: Scene) -> Iterator[None]:
    """As a failover to a standby that lagged behind does."""
    scene.subscribe()
    scene.alice.say(scene.room, "to be lost")
    stream = f"SELECT id FROM tidewire_stream WHERE name = 'room:{scene.room}'"
    scene.sql(f"DELETE FROM tidewire_event WHERE stream_id = ({stream})")
    scene.sql(f"UPDATE tidewire_stream SET head = 0, touched_at = now() WHERE name = 'room:{scene.room}'")
    yield


@raises("TidewireLogUnread")
def the_database_takes_no_connections(scene: Scene) -> Iterator[None]:
    name = urlsplit(scene.site.environment["DATABASE_URL"]).path.lstrip("/")
    assert scene.site.postgresql is not None
    run = scene.site.postgresql.execute
    run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    yield
    run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


@raises("TidewireLayerAway")
def redis_is_killed(scene: Scene) -> Iterator[None]:
    scene.site.redis.kill()
    yield


@raises("TidewireDown")
def the_process_is_killed(scene: Scene) -> Iterator[None]:
    scene.site.server.kill()
    yield


@raises("TidewireWorkerDies")
def and_is_started_again(scene: Scene) -> Iterator[None]:
    scene.site.redis.restart()
    scene.site.server.start()
    yield


# -- a supervisor with two workers -------------------------------------------------------------------------------------

of_workers = partial(raises, faults=FAULTS_OF_WORKERS)
BROKEN = "import nothing_of_this_name\n"
GOOD = "urlpatterns = []\n"


def write_release(folder: Path, urls: str) -> None:
    """Writes the app `fragile`, as a deploy would."""
    package = folder / "fragile"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").touch()
    (package / "urls.py").write_text(urls)


@of_workers("TidewireReloadRefused")
def a_release_does_not_start(scene: Scene) -> Iterator[None]:
    write_release(scene.folder, BROKEN)
    scene.site.server.process.send_signal(signal.SIGHUP)
    yield


@of_workers("TidewireWorkersMissing")
def a_worker_is_killed_beside_a_broken_release(scene: Scene) -> Iterator[None]:
    os.kill(children(scene.site.server.process)[0], signal.SIGKILL)
    yield
    write_release(scene.folder, GOOD)
