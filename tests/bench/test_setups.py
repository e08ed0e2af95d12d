"""The programs and statements with which the benchmarks fill a database run on today's tables."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from django.db import connection

from api.models import Key, Member, Metric, Room, User
from bench import growth
from bench.systems import OURS
from tests.mqtt.run import SET_UP, Owner
from tidewire.models import Event, Stream


@pytest.mark.django_db
def test_people_and_rooms_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(OURS % (3, 2, 1), "bench.systems.OURS", "exec"), {})

    rooms, tokens = json.loads(capsys.readouterr().out)
    assert (len(rooms), len(tokens)) == (2, 3)
    assert (User.objects.count(), Room.objects.count(), Member.objects.count()) == (3, 2, 2)


@pytest.mark.django_db
def test_devices_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(SET_UP.format(boards=2, devices=3), "tests.mqtt.run.SET_UP", "exec"), {})

    owners = [Owner(*each) for each in json.loads(capsys.readouterr().out)]
    assert {owner.key for owner in owners} == {str(key.pk) for key in Key.objects.all()}
    assert {(owner.metric, owner.board) for owner in owners} == {
        (str(metric.pk), str(metric.dashboard_id)) for metric in Metric.objects.all()
    }
    assert sorted(Counter(owner.board for owner in owners).values()) == [1, 2]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="the log is filled with PostgreSQL's own generate_series")
def test_a_log_is_filled() -> None:
    size = {"streams": 2, "each": 3}
    with connection.cursor() as cursor:
        cursor.execute(growth.OLD_STREAMS, size)
        cursor.execute(growth._EVENTS, size)

    assert list(Stream.objects.order_by("name").values_list("head", flat=True)) == [3, 3]
    assert Event.objects.count() == 6
