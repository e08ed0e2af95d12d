"""A replica that is killed, comes back, is promoted or is stopped: reads are answered all the while."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from django.db import connections

from tests.factories import make_message, make_room, make_user
from tests.rig import standby as rig
from tests.rig.servers import PostgreSQL
from tests.rig.standby import Person, as_replica, catch_up, outcomes, served
from tidewire.log import replicas
from tidewire.log.pages import read_after

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.shown_on("postgresql"),
]

THREADS, READS = 4, 12


@pytest.fixture(scope="module")
def standby(request: pytest.FixtureRequest, django_db_setup: None) -> Iterator[PostgreSQL]:
    """A standby of this module alone, which ends it."""
    server = rig.start(request.config)
    with as_replica(server):
        yield server
    server.stop()


@pytest.fixture(autouse=True)
def _fresh(standby: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "_replica", replicas._Replica())


@pytest.fixture
def owner() -> Person:
    return Person(make_user("Olga"))


@pytest.fixture
def room(owner):
    room = make_room(owner.user)
    make_message(room, owner.user, "one")
    return room


def test_a_replica_that_is_killed_under_reads_costs_no_answer(owner, room, standby, settings):
    """With kill -9, in the middle of reads of each kind. Every answer is 200 and shows the message."""
    settings.TIDEWIRE = settings.TIDEWIRE | {"REPLICA_WAIT_SECONDS": 20.0}
    barrier = threading.Barrier(THREADS + 1)
    people = [Person(owner.user) for _ in range(THREADS)]
    catch_up()

    def read(number: int) -> list[object]:
        person, stream = people[number], f"room:{room.pk}"
        reads: list[Callable[[], object]] = [
            lambda: person.texts(room, "?limit=7"),
            lambda: person.texts(room, f"?author={owner.user.pk}"),
            lambda: [each["text"] for each in person.get("/api/v1/search/messages/?q=one").json()["results"]],
            lambda: ["one" for _ in read_after(stream, 1).entries],
        ]
        try:
            barrier.wait(20)
            return [reads[(number + turn) % len(reads)]() for turn in range(READS)]
        finally:
            connections.close_all()

    before = outcomes()
    with ThreadPoolExecutor(THREADS) as pool:
        under_way = [pool.submit(read, number) for number in range(THREADS)]
        barrier.wait(20)
        kill(standby)
        shown = [answer for reader in under_way for answer in reader.result()]
    assert shown == [["one"]] * (THREADS * READS)
    assert outcomes()["failed"] > before["failed"]
    assert replicas._replica.is_away

    standby.restart()
    connections["replica"].close()
    connections["replica"].close_pool()  # its connections died with the server: each would cost a read
    catch_up()
    replicas._replica._try_at = 0.0  # AWAY_SECONDS later
    with served(replica=1):
        assert owner.texts(room, "?limit=8") == ["one"]


def kill(server: PostgreSQL) -> None:
    """Ends all processes of a server, as a machine that loses its power."""
    root = psutil.Process(server.process.pid if server.process else 0)
    for process in (root, *root.children(recursive=True)):
        process.send_signal(signal.SIGKILL)


def test_the_last_a_replica_that_was_promoted_or_is_down_serves_nothing(owner, room, standby):
    """The last test, because it ends the replica."""
    catch_up()
    standby.execute("SELECT pg_promote()")
    with served(promoted=1):
        assert owner.texts(room) == ["one"]
    replicas._replica._try_at = 0.0
    standby.stop()
    with served(failed=1):
        assert read_after(f"room:{room.pk}", 0).entries[-1].offset == 2
    with served():
        assert owner.texts(room, "?limit=3") == ["one"]
