"""dashboards/{id}/metrics/, metrics/{id}/, and their alarms"""

from __future__ import annotations

import json

import pytest

from api.models import Metric
from api.models.dashboards import MAX_METRICS
from api.models.samples import Point
from api.streams import record_samples
from tests.api.conftest import MISSING, at, pointers, problem
from tests.factories import make_dashboard, make_metric
from tidewire.ids import uuid7
from tidewire.log.pages import read_after


def alarms(metric: Metric) -> list[tuple[str, str]]:
    """Returns (type, state) of each alarm event of the metric."""
    events = [json.loads(entry.payload) for entry in read_after(f"dashboard:{metric.dashboard_id}", 0).entries]
    return [(e["type"], e["data"]["state"]) for e in events if e["type"] in ("metric.alarm", "metric.ok")]


def measure(metric: Metric, *values: float, start: int = 0) -> None:
    push_committed(metric, [Point(start + second, value) for second, value in enumerate(values, start=1)])


def push_committed(metric: Metric, points: list[Point]) -> None:
    from django.db import transaction  # one call is one request

    with transaction.atomic():
        record_samples(metric, points)


# -- the resource --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_admins_make_metrics(dashboard, alice, dora, bob, charlie):
    path = at("dashboards", dashboard.pk, "metrics")
    body = {"key": "load", "unit": "%", "thresholds": {"above": 90}}
    assert problem(bob.post(path, body)) == (403, "permission_denied")
    assert problem(charlie.post(path, body)) == (404, "not_found")
    response = dora.post(path, body)
    made = response.json()
    assert (response.status_code, response["Location"]) == (201, at("metrics", made["id"]))
    assert made["thresholds"] == {"above": 90.0, "below": None}
    assert (made["name"], made["kind"], made["state"], made["latest"]) == ("load", "gauge", "ok", None)
    assert (made["dashboard"], made["retention_days"], made["version"]) == (str(dashboard.pk), 30, 1)
    assert problem(alice.post(path, {"key": "load"})) == (409, "key_taken")
    assert [row["key"] for row in bob.get(path).json()["results"]] == ["load"]
    assert read_after(f"dashboard:{dashboard.pk}", 0).entries[-1].type == "metric.created"


def test_a_repeated_id_is_the_same_metric(dashboard, alice):
    path, id = at("dashboards", dashboard.pk, "metrics"), str(uuid7())
    assert alice.post(path, {"id": id, "key": "load"}).status_code == 201
    assert alice.post(path, {"id": id, "key": "load"}).status_code == 200
    assert problem(alice.post(path, {"id": id, "key": "other"})) == (409, "id_taken")
    elsewhere = at("dashboards", make_dashboard(alice.user).pk, "metrics")
    assert problem(alice.post(elsewhere, {"id": id, "key": "load"})) == (409, "id_taken")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [("/key", "required")]),
        ({"key": "a b"}, [("/key", "invalid")]),
        ({"key": "-a"}, [("/key", "invalid")]),
        ({"key": "a", "kind": "histogram"}, [("/kind", "invalid_choice")]),
        ({"key": "a", "thresholds": {"above": "5"}}, [("/thresholds/above", "invalid")]),
        ({"key": "a", "thresholds": {"above": True}}, [("/thresholds/above", "invalid")]),
        ({"key": "a", "thresholds": {"above": 1, "below": 2}}, [("/thresholds/below", "invalid")]),
        ({"key": "a", "thresholds": 5}, [("/thresholds", "invalid")]),
        ({"key": "a", "retention_days": 0}, [("/retention_days", "min_value")]),
        ({"key": "a", "retention_days": "30"}, [("/retention_days", "invalid")]),
        ({"key": "a", "retention_days": 10**9}, [("/retention_days", "max_value")]),
    ],
)
def test_wrong_metrics(dashboard, alice, body, found):
    assert pointers(alice.post(at("dashboards", dashboard.pk, "metrics"), body)) == found


def test_a_dashboard_has_a_largest_number_of_metrics(dashboard, alice):
    Metric.objects.bulk_create(Metric(dashboard=dashboard, key=f"k{number}", name="x") for number in range(MAX_METRICS))
    path = at("dashboards", dashboard.pk, "metrics")
    assert problem(alice.post(path, {"key": "more"})) == (409, "too_many_metrics")


@pytest.mark.django_db(transaction=True)
def test_changing_and_deleting(dashboard, metric, dora, bob, charlie):
    path = at("metrics", metric.pk)
    assert problem(bob.patch(path, {"name": "x"})) == (403, "permission_denied")
    assert problem(charlie.patch(path, {"name": "x"})) == (404, "not_found")
    assert bob.get(path).json()["name"] == "Revolutions"
    response = dora.patch(path, {"name": "Turns", "unit": "1/min"}, headers={"If-Match": '"1"'})
    assert (response.json()["name"], response["ETag"]) == ("Turns", '"2"')
    assert dora.patch(path, {"name": "Late"}, headers={"If-Match": '"1"'}).status_code == 412
    measure(metric, 1)
    assert [problem(bob.delete(path)), problem(charlie.delete(path))] == [
        (403, "permission_denied"),
        (404, "not_found"),
    ]
    assert dora.delete(path).status_code == 204
    assert problem(dora.get(path)) == (404, "not_found")
    # Its samples were erased from the log, too.
    of_it = [entry for entry in read_after(f"dashboard:{dashboard.pk}", 0).entries if str(metric.pk) in entry.payload]
    assert {entry.type for entry in of_it} == {"metric.deleted"}


def test_missing_metrics(alice):
    assert problem(alice.get(at("metrics", MISSING))) == (404, "not_found")


# -- thresholds ----------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(dashboard) -> Metric:
    return make_metric(dashboard, above=90, below=10)


@pytest.mark.django_db(transaction=True)
def test_an_alarm_is_one_event_when_it_begins_and_one_when_it_ends(guarded):
    for second, value in enumerate([50, 95, 96, 97, 50, 40, 5, 4, 50]):
        measure(guarded, value, start=second)
    assert alarms(guarded) == [("metric.alarm", "alarm"), ("metric.ok", "ok")] * 2


@pytest.mark.django_db(transaction=True)
def test_a_value_at_the_threshold_is_not_beyond_it(guarded):
    measure(guarded, 90, 10)
    assert alarms(guarded) == []


@pytest.mark.django_db(transaction=True)
def test_a_batch_tells_where_it_ends(guarded):
    measure(guarded, 50, 95, 50, 95)
    assert alarms(guarded) == [("metric.alarm", "alarm")]


@pytest.mark.django_db(transaction=True)
def test_a_threshold_crossed_twice_in_one_batch_makes_both_events(guarded):
    measure(guarded, 50, 95, 50)
    assert [type for type, _ in alarms(guarded)] == ["metric.alarm", "metric.ok"]
    guarded.refresh_from_db()
    assert guarded.state == "ok"


@pytest.mark.django_db(transaction=True)
def test_a_late_sample_changes_no_state(guarded):
    measure(guarded, 95, start=100)
    measure(guarded, 50, start=50)
    assert alarms(guarded) == [("metric.alarm", "alarm")]


@pytest.mark.django_db(transaction=True)
def test_a_repeated_sample_is_compared_once(guarded):
    for _ in range(3):
        measure(guarded, 95)
    assert len(alarms(guarded)) == 1


@pytest.mark.django_db(transaction=True)
def test_without_thresholds_nothing_is_alarming(metric):
    measure(metric, 1e9, -1e9)
    assert alarms(metric) == []


@pytest.mark.django_db(transaction=True)
def test_other_thresholds_are_held_against_the_latest(dashboard, metric, alice):
    measure(metric, 50)
    path = at("metrics", metric.pk)
    assert alice.patch(path, {"thresholds": {"above": 40}}).json()["state"] == "alarm"
    assert alice.patch(path, {"thresholds": {"above": 30}}).json()["state"] == "alarm"
    assert alice.patch(path, {"thresholds": {"above": 60}}).json()["state"] == "ok"
    assert alarms(metric) == [("metric.alarm", "alarm"), ("metric.ok", "ok")]


@pytest.mark.django_db(transaction=True)
def test_the_event_of_an_alarm_is_the_whole_metric(guarded, bob):
    measure(guarded, 95)
    event = json.loads(
        next(
            entry.payload
            for entry in read_after(f"dashboard:{guarded.dashboard_id}", 0).entries
            if entry.type == "metric.alarm"
        )
    )
    assert event["data"] == bob.get(at("metrics", guarded.pk)).json()
