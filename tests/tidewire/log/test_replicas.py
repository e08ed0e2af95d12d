"""Reads come from a replica that has replayed what they must show, and from the primary otherwise.

The replica is a real standby of the server of `--database postgresql`. Replay is paused where a test needs one that is
behind. `python -m tests.replicas` does ten thousand reads beside writers.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psutil
import psycopg
import pytest
from django.db import connections, transaction

from api.models import Member
from tests.factories import add_member, make_message, make_room, make_user
from tests.rig.servers import PostgreSQL
from tests.rig.standby import Person, catch_up, paused, served
from tidewire.erasure import hide_user
from tidewire.log import replicas
from tidewire.log.pages import read_after
from tidewire.log.retention import renew_epochs
from tidewire.log.tables import Event

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.shown_on("postgresql"),
]


@pytest.fixture(autouse=True)
def _fresh(standby, monkeypatch) -> Iterator[None]:
    monkeypatch.setattr(replicas, "_replica", replicas._Replica())
    yield
    connections["replica"].close()


@pytest.fixture
def patient(settings) -> None:
    """Lets reads wait for the replica until it has caught up."""
    settings.TIDEWIRE = settings.TIDEWIRE | {"REPLICA_WAIT_SECONDS": 20.0}


@pytest.fixture
def owner() -> Person:
    return Person(make_user("Olga"))


@pytest.fixture
def room(owner):
    room = make_room(owner.user)
    make_message(room, owner.user, "one")
    return room


def test_lists_searches_and_pages_of_the_log_come_from_the_replica(owner, room, patient):
    with served(replica=5):
        assert owner.texts(room) == ["one"]
        assert owner.texts(room, "?author=" + str(owner.user.pk)) == ["one"]
        assert [each["id"] for each in owner.get("/api/v1/rooms/").json()["results"]] == [str(room.pk)]
        assert len(owner.get("/api/v1/search/messages/?q=one").json()["results"]) == 1
        assert [entry.type for entry in read_after(f"room:{room.pk}", 0).entries][-1] == "message.created"


def test_a_page_that_is_kept_encoded_asks_no_replica(owner, room, patient):
    owner.texts(room)
    with served():
        assert owner.texts(room) == ["one"]


def test_what_was_written_is_read_from_the_primary_until_the_replica_has_it(owner, room, standby):
    quiet = make_room(owner.user)
    make_message(quiet, owner.user, "quiet")
    with paused(standby):
        make_message(room, owner.user, "two")
        with served(behind=2):
            assert owner.texts(room) == ["two", "one"]
            assert read_after(f"room:{room.pk}", 0).entries[-1].offset == 3
        with served(replica=2):  # nothing happened there
            assert owner.texts(quiet) == ["quiet"]
            assert read_after(f"room:{quiet.pk}", 0).entries[-1].offset == 2
    catch_up()
    with served(replica=1):
        assert owner.texts(room, "?limit=2") == ["two", "one"]


def test_a_replica_that_is_a_moment_behind_is_waited_for(owner, room, patient):
    for number in range(5):
        make_message(room, owner.user, str(number))
        with served(replica=1):
            assert owner.texts(room)[0] == str(number)


def test_nothing_erased_is_shown(owner, room, standby):
    erased = make_user("Erik")
    add_member(room, erased)
    make_message(room, erased, "secret")
    with paused(standby):
        assert "secret" in owner.texts(room)
        owner.delete(f"/api/v1/rooms/{room.pk}/messages/{room.messages.get(text='secret').pk}/")
        assert "secret" not in owner.texts(room)
        assert "secret" not in "".join(entry.payload for entry in read_after(f"room:{room.pk}", 0).entries)
        assert owner.get("/api/v1/search/messages/?q=secret").json()["results"] == []


def test_an_account_that_is_being_erased_is_shown_by_no_page_of_the_log(owner, room, standby):
    """Its erasure adds no event to the stream: the clock of erasures tells of it."""
    stream = f"room:{room.pk}"
    with paused(standby):
        with served(replica=1):
            assert read_after(stream, 0).entries[-1].offset == 2
        with transaction.atomic():
            hide_user(str(owner.user.pk), "default")
        with served(behind=1):
            assert read_after(stream, 0).entries == []


def test_a_removed_member_sees_nothing(owner, room, standby):
    mallory = Person(make_user("Mallory"))
    add_member(room, mallory.user)
    with paused(standby):
        assert mallory.texts(room) == ["one"]
        Member.objects.filter(room=room, user=mallory.user).delete()
        assert mallory.get(f"/api/v1/rooms/{room.pk}/messages/").status_code == 404
        assert mallory.get("/api/v1/rooms/").json()["results"] == []
        assert mallory.get("/api/v1/search/messages/?q=one").json()["results"] == []


def test_a_renamed_author_is_shown_with_the_new_name(owner, room, standby):
    """A rename adds no event to the room's stream: the names clock of the list tells of it."""
    with paused(standby):
        owner.user.name = "Olivia"
        owner.user.save()
        body = owner.get(f"/api/v1/rooms/{room.pk}/messages/").json()
        assert body["results"][0]["author"]["name"] == "Olivia"


def test_a_replica_of_another_history_serves_nothing(room, standby):
    with paused(standby):
        renew_epochs()
        with served(behind=1):
            assert read_after(f"room:{room.pk}", 0).entries[-1].offset == 2


def test_a_transaction_sees_its_own_writes(room):
    catch_up()
    with transaction.atomic(), served():
        Event.objects.filter(stream__name=f"room:{room.pk}", offset=2)._raw_delete("default")
        assert read_after(f"room:{room.pk}", 0).entries[-1].offset == 1


def test_a_frozen_replica_is_left_alone(owner, room, standby, monkeypatch, settings):
    settings.TIDEWIRE = settings.TIDEWIRE | {"SEARCH_SECONDS": 0.0}
    catch_up()
    assert owner.texts(room) == ["one"]
    monkeypatch.setattr(replicas, "ANSWER_SECONDS", 0.3)
    root = psutil.Process(standby.process.pid)
    processes = [root, *root.children(recursive=True)]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        with served(failed=1):
            assert read_after(f"room:{room.pk}", 0).entries[-1].offset == 2
        with served():  # not even asked
            assert read_after(f"room:{room.pk}", 0).entries[-1].offset == 2
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)
    replicas._replica._try_at = 0.0  # AWAY_SECONDS later
    with served(replica=1):
        assert read_after(f"room:{room.pk}", 0).entries[-1].offset == 2
    assert not replicas._replica.is_away


def test_a_read_that_replay_cancels_is_read_from_the_primary(owner, room, standby, patient):
    """A replica that may not wait for readers: a replayed VACUUM removes rows that a running query could see."""
    asked: list[str] = []

    def read() -> int:
        asked.append(replicas.alias())
        with connections[asked[-1]].cursor() as cursor:
            if asked[-1] == "replica":
                cursor.execute("SELECT pg_sleep(20)")
            cursor.execute("SELECT count(*) FROM tidewire_event")
            return cursor.fetchone()[0]

    def vacuum() -> None:
        is_reading = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND state = 'active'"
        try:
            with psycopg.connect(in_database(standby), autocommit=True) as watching:
                deadline = time.monotonic() + 20
                while watching.execute(is_reading, ["SELECT pg_sleep(20)"]).fetchone() == (0,):
                    assert time.monotonic() < deadline
            Event.objects.filter(offset=1)._raw_delete("default")
            with connections["default"].cursor() as cursor:
                cursor.execute("VACUUM tidewire_event")
        finally:
            connections.close_all()

    catch_up()
    with impatient(standby), ThreadPoolExecutor(1) as pool, served(failed=1):
        vacuuming = pool.submit(vacuum)
        assert replicas.now(read) == Event.objects.count()
        vacuuming.result()
    assert asked == ["replica", "default"]
    assert not replicas._replica.is_away


@contextmanager
def impatient(server: PostgreSQL) -> Iterator[None]:
    """Has replay wait for no query."""
    server.execute("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    server.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        server.execute("ALTER SYSTEM RESET max_standby_streaming_delay")
        server.execute("SELECT pg_reload_conf()")


def in_database(server: PostgreSQL) -> str:
    return server.database_url(str(connections["default"].settings_dict["NAME"]))
