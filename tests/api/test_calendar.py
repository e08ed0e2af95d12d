"""Times at the ends of the calendar and numbers at the ends of a double: an answer, never a 500."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from api.models import Key
from tests.api.conftest import problem, url

EDGES = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999-12:00",
    "9999-12-31T00:00:00-23:59",
]


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize(
    ("list", "name"),
    [
        ("rooms/", "created_after"),
        ("rooms/", "created_before"),
        ("dashboards/", "created_before"),
        ("members", "joined_after"),
        ("messages", "created_after"),
        ("messages", "created_before"),
    ],
)
def test_a_filter_at_the_end_of_the_calendar_is_answered(room, alice, list, name, edge):
    address = f"/api/v1/{list}" if list.endswith("/") else url(room, list)
    assert alice.get(address, {name: edge}).status_code in (200, 400)


@pytest.mark.parametrize("edge", EDGES)
def test_a_range_of_samples_at_the_end_of_the_calendar_is_answered(alice, edge):
    board = alice.post("/api/v1/dashboards/", {"name": "Boiler"}).json()["id"]
    metric = alice.post(f"/api/v1/dashboards/{board}/metrics/", {"key": "heat"}).json()["id"]
    samples = f"/api/v1/metrics/{metric}/samples/"
    for query in ({"from": edge}, {"to": edge}, {"to": edge, "step": "999999999"}):
        assert alice.get(samples, query).status_code in (200, 400)
    assert alice.post(samples, {"at": edge, "value": 1}).status_code == 400


@pytest.mark.parametrize("edge", EDGES)
def test_a_key_that_expires_at_the_end_of_the_calendar_is_refused(alice, edge):
    answer = alice.post("/api/v1/keys/", {"name": "Robot", "scopes": ["me:read"], "expires_at": edge})
    assert problem(answer) == (400, "invalid")


def test_a_key_that_lives_nearly_for_ever_can_be_rotated(alice):
    last = datetime(9999, 12, 29, tzinfo=UTC)
    made = alice.post("/api/v1/keys/", {"name": "Robot", "scopes": ["me:read"], "expires_at": last.isoformat()})
    assert made.status_code == 201, made.json()
    Key.objects.filter(pk=made.json()["id"]).update(created_at=timezone.now() - timedelta(days=400))
    rotated = alice.post(f"/api/v1/keys/{made.json()['id']}/rotate/", {})
    assert rotated.status_code == 201, rotated.json()
    assert rotated.json()["expires_at"].startswith("9999-12-30")


LARGE = ("1e300", "-1e300", "5e-324", "-5e-324", "1e-308", "0")


def test_the_largest_samples_have_an_average(alice):
    board = alice.post("/api/v1/dashboards/", {"name": "Boiler"}).json()["id"]
    metric = alice.post(f"/api/v1/dashboards/{board}/metrics/", {"key": "heat"}).json()["id"]
    samples = f"/api/v1/metrics/{metric}/samples/"
    begin = datetime(2026, 1, 2, tzinfo=UTC)
    batch = [
        {"at": (begin + timedelta(seconds=number)).isoformat(), "value": float(LARGE[number % len(LARGE)])}
        for number in range(600)
    ]
    assert alice.post(samples, {"samples": batch}).json() == {"recorded": 600}
    ends = {"from": begin.isoformat(), "to": (begin + timedelta(seconds=600)).isoformat()}
    for step in ("600", "6", "1"):
        answer = alice.get(samples, ends | {"step": step})
        assert answer.status_code == 200
        for bucket in answer.json()["results"]:
            assert None not in bucket.values()
    for value in ("1.1e300", "1.7976931348623157e308", "-1e301"):
        refused = alice.generic("POST", samples, f'{{"value": {value}}}', content_type="application/json")
        assert problem(refused) == (400, "invalid")


@pytest.mark.parametrize("digits", ["9007199254740993", "18446744073709551615", "-9007199254740993"])
def test_an_integer_that_no_double_holds_is_refused_for_what_it_is(alice, digits):
    board = alice.post("/api/v1/dashboards/", {"name": "Boiler"}).json()["id"]
    metric = alice.post(f"/api/v1/dashboards/{board}/metrics/", {"key": "bytes"}).json()["id"]
    samples = f"/api/v1/metrics/{metric}/samples/"
    refused = alice.generic("POST", samples, f'{{"value": {digits}}}', content_type="application/json")
    assert refused.status_code == 400
    assert "JSON" not in refused.json()["detail"]
    assert "2^53" in refused.json()["detail"]
    taken = alice.generic("POST", samples, f'{{"value": {digits}.0}}', content_type="application/json")
    assert taken.status_code == 201


def test_a_null_id_is_an_absent_one(room, alice):
    made = alice.post(url(room, "messages"), {"id": None, "text": "Ahoy"}, format="json")
    assert made.status_code == 201
    assert made.json()["id"]
    assert alice.post("/api/v1/rooms/", {"id": None, "name": "Deck"}, format="json").status_code == 201
