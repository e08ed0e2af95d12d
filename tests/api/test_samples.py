"""metrics/{id}/samples/: recorded one by one and in batches, read as they are and in steps"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from api import streams
from api.models import Sample, Series
from api.models.samples import Point, as_text, microseconds
from api.serializers.samples import MAX_BATCH
from api.streams import record_samples
from api.views.samples import MAX_BUCKETS
from tests.api.conftest import MISSING, at, pointers, problem
from tests.api.test_keys import make_key
from tests.factories import make_dashboard, make_metric
from tidewire.log import rate
from tidewire.log.pages import read_after
from tidewire.log.tables import NextRelease

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def text(seconds: float) -> str:
    """Returns the time so many seconds after noon."""
    return as_text(microseconds(NOON + timedelta(seconds=seconds)))


def samples(*pairs: tuple[float, float]) -> dict:
    return {"samples": [{"at": text(second), "value": value} for second, value in pairs]}


@pytest.fixture
def path(metric) -> str:
    return at("metrics", metric.pk, "samples")


def recorded_samples(dashboard) -> list[dict]:
    """Returns the data of the `samples.recorded` events."""
    entries = read_after(f"dashboard:{dashboard.pk}", 0).entries
    return [json.loads(entry.payload)["data"] for entry in entries if entry.type == "samples.recorded"]


# -- pushing -------------------------------------------------------------------------------------------------------


def test_one_sample_or_many(metric, dashboard, path, bob):
    assert bob.post(path, {"value": 1}).json() == {"recorded": 1}
    response = bob.post(path, samples((0, 1.5), (1, 2.5)))
    assert (response.status_code, response.json()) == (201, {"recorded": 2})
    assert Sample.objects.count() == 3
    latest = bob.get(at("metrics", metric.pk)).json()["latest"]
    assert latest["value"] == 1.0
    assert abs(datetime.fromisoformat(latest["at"]) - timezone.now()) < timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_an_event_carries_the_batch(metric, dashboard, path, bob):
    bob.post(path, samples((0, 1.5), (1, 2.5)))
    assert recorded_samples(dashboard) == [{"metric": str(metric.pk), **samples((0, 1.5), (1, 2.5))}]


@pytest.mark.django_db(transaction=True)
def test_a_push_that_is_repeated_adds_nothing_and_changes_nothing(metric, dashboard, path, bob):
    bob.post(path, samples((0, 1), (1, 2)))
    assert bob.post(path, samples((0, 99), (1, 2), (2, 3))).json() == {"recorded": 1}
    assert [row["value"] for row in read(bob, path)] == [1, 2, 3]
    NextRelease.objects.all().delete()
    rate.release_due("default")
    assert [len(event["samples"]) for event in recorded_samples(dashboard)] == [2, 1]


@pytest.mark.django_db(transaction=True)
def test_a_burst_makes_few_events_with_all_samples(metric, dashboard, path, bob):
    began = time.monotonic()
    for second in range(20):
        bob.post(path, samples((second, second)))
    turns = (time.monotonic() - began) / streams.dashboards.rate.seconds  # few, unless the machine is busy
    NextRelease.objects.all().delete()
    rate.release_due("default")
    events = recorded_samples(dashboard)
    assert len(events) <= 2 + turns
    assert [sample["value"] for event in events for sample in event["samples"]] == list(range(20))


def test_only_members_record_samples(dashboard, path, alice, bob, charlie, anybody):
    assert [person.post(path, {"value": 1}).status_code for person in (alice, bob)] == [201, 201]
    assert problem(charlie.post(path, {"value": 1})) == (404, "not_found")
    assert anybody.post(path, {"value": 1}).status_code == 401
    dashboard.visibility = "public"
    dashboard.save()
    assert problem(charlie.post(path, {"value": 1})) == (403, "permission_denied")
    assert problem(alice.post(at("metrics", MISSING, "samples"), {"value": 1})) == (404, "not_found")


AHEAD = (datetime.now(UTC) + timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [("/value", "required")]),
        ([], [("", "invalid")]),
        ({"value": "1"}, [("/value", "invalid")]),
        ({"value": True}, [("/value", "invalid")]),
        ({"value": None}, [("/value", "invalid")]),
        ({"value": 1, "at": "yesterday"}, [("/at", "invalid")]),
        ({"value": 1, "at": 5}, [("/at", "invalid")]),
        ({"value": 1, "at": "2026-01-02T03:04:05"}, [("/at", "invalid")]),
        ({"value": 1, "at": "1969-01-02T03:04:05Z"}, [("/at", "invalid")]),
        ({"value": 1, "at": "0001-01-01T00:00:00+23:59"}, [("/at", "invalid")]),
        ({"value": 1, "at": AHEAD}, [("/at", "invalid")]),
        ({"samples": []}, [("/samples", "invalid")]),
        ({"samples": {}}, [("/samples", "invalid")]),
        ({"samples": [5]}, [("/samples/0", "invalid")]),
        ({"samples": [{"value": 1}]}, [("/samples/0/at", "required")]),
        ({"samples": [{"at": text(0), "value": 1}, {"at": text(0)}]}, [("/samples/1/value", "required")]),
        ({"samples": [{"at": text(0), "value": 1}] * (MAX_BATCH + 1)}, [("/samples", "invalid")]),
    ],
)
def test_wrong_samples(path, alice, body, found):
    assert pointers(alice.post(path, body)) == found
    assert not Sample.objects.exists()


def test_a_batch_is_all_or_nothing(path, alice):
    body = samples((0, 1), (1, 2))
    body["samples"][1]["value"] = "2"
    assert alice.post(path, body).status_code == 400
    assert not Sample.objects.exists()


def test_samples_of_several_metrics_at_once(dashboard, metric, bob, charlie):
    other, path = make_metric(dashboard, key="load"), at("dashboards", dashboard.pk, "samples")
    body = {"samples": [{"metric": key, "at": text(0), "value": 1} for key in ("rpm", "load")]}
    body["samples"].append({"metric": "rpm", "value": 2})
    assert bob.post(path, body).json() == {"recorded": 3}
    assert [Sample.objects.filter(series__metric=one).count() for one in (metric, other)] == [2, 1]
    assert problem(charlie.post(path, body)) == (404, "not_found")
    wrong = {"samples": [*body["samples"], {"metric": "no", "value": 1}, {"metric": "rpm", "value": "1"}, 5]}
    assert pointers(bob.post(path, wrong)) == [
        ("/samples/3/metric", "does_not_exist"),
        ("/samples/4/value", "invalid"),
        ("/samples/5/metric", "does_not_exist"),
    ]
    assert pointers(bob.post(path, {})) == [("/samples", "required")]


# -- reading -------------------------------------------------------------------------------------------------------


def read(person, path, start=-3600, end=3600, **query) -> list[dict]:
    response = person.get(path, {"from": text(start), "to": text(end), **query})
    assert response.status_code == 200, response.json()
    return response.json()["results"]


def test_a_range_with_its_position(dashboard, path, alice):
    alice.post(path, samples((0, 1), (1, 2), (2, 3)))
    response = alice.get(path, {"from": text(0), "to": text(2)})
    assert response.json()["results"] == samples((0, 1), (1, 2))["samples"]
    assert response.json()["stream"]["channel"] == f"dashboard:{dashboard.pk}"


def test_by_default_the_last_hour(path, alice):
    now = timezone.now()
    alice.post(path, {"value": 1, "at": (now - timedelta(minutes=61)).isoformat()})
    alice.post(path, {"value": 2})
    assert [row["value"] for row in alice.get(path).json()["results"]] == [2]


def test_pages_of_samples(path, alice):
    alice.post(path, samples(*((second, second) for second in range(5))))
    url, seen = path, []
    query = {"from": text(0), "to": text(60), "limit": 2}
    for _ in range(3):
        body = alice.get(url, query).json()
        seen.append([row["value"] for row in body["results"]])
        url, query = body["next"], {}
    assert (seen, url) == ([[0, 1], [2, 3], [4]], None)


def test_steps(path, alice):
    alice.post(path, samples((0, 1), (5, 3), (9.999999, 2), (10, 7), (35, 8)))
    assert read(alice, path, 0, 40, step=10) == [
        {"at": text(0), "min": 1, "max": 3, "avg": 2, "last": 2, "count": 3},
        {"at": text(10), "min": 7, "max": 7, "avg": 7, "last": 7, "count": 1},
        {"at": text(30), "min": 8, "max": 8, "avg": 8, "last": 8, "count": 1},
    ]


def test_buckets_are_the_same_whatever_the_range(path, alice):
    alice.post(path, samples(*((second, second) for second in range(60))))
    whole = read(alice, path, 0, 60, step=20)
    assert read(alice, path, 7, 33, step=20) == whole[:2]
    assert [bucket["count"] for bucket in whole] == [20, 20, 20]


def test_a_step_may_be_less_than_a_second(path, alice):
    alice.post(path, samples((0, 1), (0.05, 2), (0.15, 3)))
    assert [bucket["count"] for bucket in read(alice, path, 0, 1, step="0.1")] == [2, 1]


def test_a_metric_without_samples(path, alice):
    assert read(alice, path) == read(alice, path, step=60) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"step": "0"}, "/step"),
        ({"step": "-1"}, "/step"),
        ({"step": "1m"}, "/step"),
        ({"step": "1e3"}, "/step"),
        ({"step": "nan"}, "/step"),
        ({"step": "0.0000001"}, "/step"),
        ({"from": "yesterday"}, "/from"),
        ({"to": "2026-01-01"}, "/to"),
        ({"from": "9999-12-31T23:59:59Z"}, "/from"),
        ({"from": text(5), "to": text(5)}, "/from"),
        ({"limit": "0"}, "/limit"),
        ({"limit": "1001"}, "/limit"),
        ({"from": text(0), "to": text(MAX_BUCKETS + 1), "step": "1"}, "/step"),
    ],
)
def test_wrong_ranges(path, alice, query, found):
    assert [pointer for pointer, _ in pointers(alice.get(path, query))] == [found]


def test_metrics_do_not_see_each_others_samples(dashboard, metric, path, alice):
    record_samples(make_metric(dashboard), [Point(microseconds(NOON), 5.0)])
    record_samples(metric, [Point(microseconds(NOON), 6.0)])
    assert [row["value"] for row in read(alice, path)] == [6]
    assert [row["last"] for row in read(alice, path, step=60)] == [6]


# -- retention -----------------------------------------------------------------------------------------------------


def test_samples_older_than_the_retention_are_deleted_but_for_the_latest(dashboard, alice):
    now = microseconds(timezone.now())
    day = 24 * 3600 * 1_000_000
    short, silent = make_metric(dashboard, retention_days=1), make_metric(dashboard, retention_days=1)
    record_samples(short, [Point(now - number * day // 2, number) for number in range(5)])
    record_samples(silent, [Point(now - 10 * day, 1.0), Point(now - 9 * day, 2.0)])
    call_command("prune_samples", verbosity=0)
    left = {series.metric_id: [p.value for p in series.points(0, now + 1, 10)] for series in Series.objects.all()}
    assert left == {short.pk: [1, 0], silent.pk: [2]}


def test_deleting_a_metric_deletes_its_samples(metric, path, alice):
    other = make_metric(make_dashboard())
    record_samples(other, [Point(1, 1.0)])
    alice.post(path, samples((0, 1)))
    assert alice.delete(at("metrics", metric.pk)).status_code == 204
    assert [row.series.metric_id for row in Sample.objects.select_related("series")] == [other.pk]


@pytest.mark.django_db(transaction=True)
def test_an_event_of_several_writers_names_none_of_them(dashboard, path, alice, bob):
    alice.post(path, samples((0, 1)))
    for person, second in ((alice, 1), (bob, 2)):
        person.post(path, samples((second, 1)))
    NextRelease.objects.all().delete()
    rate.release_due("default")
    entries = [e for e in read_after(f"dashboard:{dashboard.pk}", 0).entries if e.type == "samples.recorded"]
    actors = [json.loads(entry.payload)["actor"] for entry in entries]
    assert actors == [{"type": "user", "id": alice.id}, {"type": "system", "id": None}]


# -- keys ----------------------------------------------------------------------------------------------------------


def test_a_key_pushes_within_its_scope(path, bob):
    pusher, reader = make_key(bob, "samples:write"), make_key(bob, "samples:read")
    assert pusher.post(path, {"value": 1}).json() == {"recorded": 1}
    assert problem(pusher.get(path)) == (403, "insufficient_scope")
    assert problem(reader.post(path, {"value": 1})) == (403, "insufficient_scope")
    assert len(reader.get(path).json()["results"]) == 1


def test_a_dashboards_own_key_pushes_there_and_nowhere_else(dashboard, path, alice, bob):
    elsewhere = at("metrics", make_metric(make_dashboard(alice.user)).pk, "samples")
    own = {"stream": f"dashboard:{dashboard.pk}"}
    assert problem(bob.post("/api/v1/keys/", {"name": "x", "scopes": ["samples:write"], **own}))[0] == 403
    key = make_key(alice, "samples:write", **own)
    assert key.post(path, {"value": 1}).status_code == 201
    assert problem(key.post(elsewhere, {"value": 1})) == (403, "key_confined")
    assert problem(key.post(at("metrics", MISSING, "samples"), {"value": 1})) == (403, "key_confined")
    assert alice.delete(f"/api/v1/keys/{key.id}/").status_code == 204
    assert problem(key.post(path, {"value": 1})) == (401, "key_invalid")
    assert not dashboard.members.filter(user=key.user_id).exists()
