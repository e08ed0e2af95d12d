"""The logbook: batches are written in two statements, what is old goes, and a dead process shows."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from tidewire.ground.connection_states import ConnectionState, ProcessState, StreamSeen, device_of
from tidewire.log.database import log_alias
from tidewire.logbook import reading, writing
from tidewire.logbook.tables import LoggedConnection, LoggedProcess

pytestmark = pytest.mark.django_db

PROCESS = ProcessState(id="p1", host="one", pid=7, started_at=time.time())


def state(id: str = "c1", user: str = "alice", **fields) -> ConnectionState:
    opened_at = fields.pop("opened_at", time.time() - 60)
    return ConnectionState(id, user, "s1", "192.0.2.1", "Browser", "websocket", opened_at, **fields)


def write(*states: ConnectionState, process: ProcessState = PROCESS) -> None:
    writing.write(process, states, log_alias())


def test_a_batch_of_any_size_is_two_statements(django_assert_num_queries):
    with django_assert_num_queries(2):
        write(*(state(f"c{number}") for number in range(60)))
    with django_assert_num_queries(2):
        write(*(state(f"c{number}").ended(time.time(), 3001) for number in range(60)))
    assert LoggedConnection.objects.filter(code=3001).exclude(ended_at=None).count() == 60
    assert LoggedProcess.objects.count() == 1


def test_subscriptions_come_back_as_they_were():
    seen = [StreamSeen("room:1", 10.5, 3, 8), StreamSeen("room:2", 11.0, 0, 2, False, 12.0, 2000)]
    write(state(streams=tuple(seen)))
    row = LoggedConnection.objects.get()
    assert [reading.subscriptions_of(row, name) for name in ("room:1", "room:2", "room:3")] == [
        [seen[0]],
        [seen[1]],
        [],
    ]


def test_the_end_of_a_connection_is_the_end_of_its_subscriptions():
    ended = state(streams=(StreamSeen("room:1", 10.5, 3, 8),)).ended(20.0, 3008)
    assert (ended.code, ended.ended_at) == (3008, 20.0)
    assert [(seen.is_open, seen.ended_at, seen.code) for seen in ended.streams] == [(False, 20.0, None)]


def test_connections_of_a_silent_process_are_not_open_any_more():
    write(state())
    using, now = log_alias(), timezone.now()
    (row,) = reading.open_connections(using)
    later = now + timedelta(seconds=reading.silent_seconds() + 1)
    processes = {process.id: process for process in LoggedProcess.objects.all()}
    assert not reading.running(using, later).exists()
    assert reading.life_of(row, processes, now).ended_at is None
    assert reading.life_of(row, processes, later).was_lost


def test_a_process_that_has_ended_has_no_open_connections():
    write(state())
    write(process=replace(PROCESS, ended_at=time.time()))
    assert not reading.open_connections(log_alias()).exists()


def test_what_is_old_is_deleted_and_what_is_open_stays():
    with override_settings(TIDEWIRE={"LOGBOOK_KEPT_SECONDS": 100.0}):
        long_ago = time.time() - 200
        write(
            state("old", opened_at=long_ago - 10).ended(long_ago, 0),
            state("young").ended(time.time(), 0),
            state("open", opened_at=long_ago),
        )
        write(state("lost"), process=replace(PROCESS, id="dead"))
        LoggedProcess.objects.filter(pk="dead").update(seen_at=timezone.now() - timedelta(seconds=200))
        assert writing.prune(log_alias()) == 3  # with the dead process
    assert set(LoggedConnection.objects.values_list("pk", flat=True)) == {"young", "open"}


def test_one_user_cannot_fill_it(monkeypatch):
    monkeypatch.setattr(writing, "MAX_PER_USER", 3)
    now = time.time()
    write(*(state(f"c{number}").ended(now - number, 0) for number in range(5)), state("bob's", "bob").ended(now, 0))
    assert writing.prune(log_alias()) == 2
    assert set(LoggedConnection.objects.values_list("pk", flat=True)) == {"c0", "c1", "c2", "bob's"}


def test_a_user_is_forgotten():
    write(state("a"), state("b", "bob"), state("c"))
    assert [writing.forget("alice", log_alias(), 1), writing.forget("alice", log_alias())] == [1, 1]
    assert list(writing.logged_users(log_alias())) == [["bob"]]


def test_a_device_is_printable_and_short():
    assert device_of([(b"user-agent", b"Mozilla\x1b[31m/5.0\n" + b"x" * 500)])[:20] == "Mozilla[31m/5.0xxxxx"
    assert len(device_of([(b"user-agent", b"x" * 500)])) == 200
