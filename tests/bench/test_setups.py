"""The programs and statements with which the benchmarks fill a database run on today's tables."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from api.models import Member, Room, User
from bench import growth
from bench.systems import OURS
from tidewire.models import Event, Stream


@pytest.mark.django_db
def test_people_and_rooms_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(OURS % (3, 2, 1), "bench.systems.OURS", "exec"), {})

    rooms, tokens = json.loads(capsys.readouterr().out)
    assert (len(rooms), len(tokens)) == (2, 3)
    assert (User.objects.count(), Room.objects.count(), Member.objects.count()) == (3, 2, 2)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="the log is filled with PostgreSQL's own generate_series")
def test_a_log_is_filled() -> None:
    size = {"streams": 2, "each": 3}
    with connection.cursor() as cursor:
        cursor.execute(growth.OLD_STREAMS, size)
        cursor.execute(growth._EVENTS, size)

    assert list(Stream.objects.order_by("name").values_list("head", flat=True)) == [3, 3]
    assert Event.objects.count() == 6
