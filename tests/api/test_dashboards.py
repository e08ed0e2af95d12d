"""dashboards/, dashboards/{id}/, dashboards/{id}/members/"""

from __future__ import annotations

import json

import pytest

from api.models import Dashboard, DashboardMember, Metric, Series
from api.models.samples import Point
from api.permissions import readable_ids, readers
from api.streams import record_samples
from tests.api.conftest import MISSING, at, pointers, problem
from tests.factories import make_dashboard, make_metric
from tidewire.ids import uuid7
from tidewire.log.pages import read_after


def event_types(stream: str) -> list[str]:
    return [entry.type for entry in read_after(stream, 0).entries]


def names(response) -> list[str]:
    return [dashboard["name"] for dashboard in response.json()["results"]]


# -- reading -------------------------------------------------------------------------------------------------------


def test_the_list_holds_my_dashboards_newest_first_and_names_my_stream(dashboard, bob, charlie):
    make_dashboard(bob.user, name="Wind")
    make_dashboard(charlie.user, name="Elsewhere")
    response = bob.get(at("dashboards"))
    assert names(response) == ["Wind", "Engines"]
    assert response.json()["stream"]["channel"] == f"user:{bob.id}"
    assert [row["me"] for row in response.json()["results"]] == [{"role": "owner"}, {"role": "member"}]


def test_discovery_shows_public_rows_and_belongs_to_no_stream(dashboard, charlie):
    make_dashboard(name="Weather", visibility="public")
    response = charlie.get(at("dashboards"), {"discover": "true"})
    assert (names(response), response.json()["stream"]) == (["Weather"], None)
    assert pointers(charlie.get(at("dashboards"), {"discover": "1"})) == [("/discover", "invalid")]


def test_a_page_draws_from_one_answer(dashboard, metric, bob):
    record_samples(metric, [Point(1_000_000, 1.5), Point(2_000_000, 2.5)])
    silent = make_metric(dashboard, key="silent")
    response = bob.get(at("dashboards", dashboard.pk))
    body = response.json()
    assert (body["name"], body["me"]) == ("Engines", {"role": "member"})
    assert [(m["id"], m["latest"]) for m in body["metrics"]] == [
        (str(metric.pk), {"at": "1970-01-01T00:00:02.000000Z", "value": 2.5}),
        (str(silent.pk), None),
    ]
    assert response["Tidewire-Position"].startswith(f"dashboard:{dashboard.pk}; epoch=")


@pytest.mark.parametrize("metrics", [1, 3])
def test_the_whole_takes_a_constant_number_of_queries(dashboard, alice, metrics, django_assert_num_queries):
    for _ in range(metrics):
        record_samples(make_metric(dashboard), [Point(1, 1.0)])
    alice.get(at("dashboards", dashboard.pk))  # creates the stream
    with django_assert_num_queries(5):  # user, dashboard, position, dashboard, metrics
        assert len(alice.get(at("dashboards", dashboard.pk)).json()["metrics"]) == metrics


def test_strangers_see_public_dashboards_only(dashboard, metric, charlie, anybody):
    paths = [at("dashboards", dashboard.pk, *rest) for rest in ((), ("members",), ("metrics",))]
    paths += [at("metrics", metric.pk), at("metrics", metric.pk, "samples")]
    assert [problem(charlie.get(path)) for path in paths] == [(404, "not_found")] * 5
    assert [anybody.get(path).status_code for path in paths] == [401] * 5
    Dashboard.objects.update(visibility="public")
    assert [charlie.get(path).status_code for path in paths] == [200] * 5


# -- writing -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_maker_of_a_dashboard_owns_it(alice):
    id = str(uuid7())
    response = alice.post(at("dashboards"), {"id": id, "name": "Mine"})
    body = response.json()
    assert (response.status_code, response["Location"]) == (201, at("dashboards", id))
    assert (body["id"], body["visibility"], body["version"], body["me"]) == (id, "private", 1, {"role": "owner"})
    assert event_types(f"user:{alice.id}") == ["dashboard.joined"]
    assert alice.post(at("dashboards"), {"id": id, "name": "Again"}).status_code == 200
    assert Dashboard.objects.count() == 1


def test_an_id_of_another_users_row(dashboard, charlie):
    assert problem(charlie.post(at("dashboards"), {"id": str(dashboard.pk), "name": "Mine"})) == (409, "id_taken")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [("/name", "required")]),
        ({"name": ""}, [("/name", "blank")]),
        ({"name": "x", "visibility": "hidden"}, [("/visibility", "invalid_choice")]),
        ({"name": "x" * 101}, [("/name", "max_length")]),
        ({"name": "x", "id": "1"}, [("/id", "invalid")]),
    ],
)
def test_wrong_dashboards(alice, body, found):
    assert pointers(alice.post(at("dashboards"), body)) == found


@pytest.mark.django_db(transaction=True)
def test_admins_rename_owners_open(dashboard, alice, dora, bob, charlie):
    path = at("dashboards", dashboard.pk)
    assert problem(bob.patch(path, {"name": "Bobs"})) == (403, "permission_denied")
    assert problem(charlie.patch(path, {"name": "Charlies"})) == (404, "not_found")
    assert dora.patch(path, {"name": "Doras"}).json()["name"] == "Doras"
    assert problem(dora.patch(path, {"visibility": "public"})) == (403, "permission_denied")
    response = alice.patch(path, {"visibility": "public"}, headers={"If-Match": '"2"'})
    assert (response.json()["visibility"], response["ETag"]) == ("public", '"3"')
    assert alice.patch(path, {"name": "Late"}, headers={"If-Match": '"2"'}).status_code == 412
    assert event_types(f"dashboard:{dashboard.pk}")[-2:] == ["dashboard.updated"] * 2


@pytest.mark.django_db(transaction=True)
def test_only_owners_delete_and_nothing_is_left(dashboard, metric, alice, dora, bob, charlie):
    record_samples(metric, [Point(1, 1.0)])
    path = at("dashboards", dashboard.pk)
    answers = [problem(person.delete(path)) for person in (dora, bob, charlie)]
    assert answers == [(403, "permission_denied")] * 2 + [(404, "not_found")]
    assert alice.delete(path).status_code == 204
    assert not Metric.objects.exists()
    assert not Series.objects.exists()
    assert set(event_types(f"dashboard:{dashboard.pk}")) == {"dashboard.deleted"}
    assert event_types(f"user:{bob.id}")[-1] == "dashboard.left"
    assert problem(alice.get(path)) == (404, "not_found")


# -- members -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_admins_add_and_remove(dashboard, alice, dora, bob, charlie):
    path = at("dashboards", dashboard.pk, "members")
    assert problem(bob.post(path, {"user_id": charlie.id})) == (403, "permission_denied")
    response = dora.post(path, {"user_id": charlie.id})
    assert (response.status_code, response.json()["user"], response.json()["role"]) == (201, charlie.json, "member")
    assert dora.post(path, {"user_id": charlie.id}).status_code == 200
    assert problem(dora.post(path, {"user_id": charlie.id, "role": "admin"})) == (403, "permission_denied")
    assert problem(alice.post(path, {"user_id": charlie.id, "role": "admin"})) == (409, "already_member")
    assert pointers(alice.post(path, {"user_id": MISSING})) == [("/user_id", "does_not_exist")]
    assert [row["user"]["name"] for row in alice.get(path).json()["results"]] == ["Alice", "Bob", "Dora", "Charlie"]
    mine = at("dashboards", dashboard.pk, "members", charlie.id)
    assert charlie.get(mine).json()["role"] == "member"
    assert dora.delete(mine).status_code == 204
    assert problem(charlie.get(mine)) == (404, "not_found")
    assert event_types(f"dashboard:{dashboard.pk}")[-2:] == ["member.left", "member.left"]  # erased
    assert event_types(f"user:{charlie.id}") == ["dashboard.left", "dashboard.left"]


def test_roles_and_the_last_owner(dashboard, alice, dora, bob):
    path = at("dashboards", dashboard.pk, "members")
    assert problem(alice.patch(f"{path}{alice.id}/", {"role": "member"})) == (409, "last_owner")
    assert problem(alice.delete(f"{path}{alice.id}/")) == (409, "last_owner")
    assert problem(dora.patch(f"{path}{alice.id}/", {"role": "member"})) == (403, "permission_denied")
    assert alice.patch(f"{path}{bob.id}/", {"role": "owner"}).json()["role"] == "owner"
    assert alice.delete(f"{path}{alice.id}/").status_code == 204


@pytest.mark.django_db(transaction=True)
def test_leaving_is_the_last_event_that_one_gets(dashboard, bob):
    bob.delete(at("dashboards", dashboard.pk, "members", bob.id))
    (entry,) = read_after(f"dashboard:{dashboard.pk}", 3).entries
    assert (entry.type, entry.ends_access) == ("member.left", bob.id)


# -- streams -------------------------------------------------------------------------------------------------------


def test_who_may_subscribe(dashboard, alice, bob, charlie):
    key = str(dashboard.pk)
    open_to_all = str(make_dashboard(visibility="public").pk)
    keys = [key, open_to_all, MISSING, "x", key.upper()]
    assert readable_ids(Dashboard, bob.id, keys) == {key, open_to_all}
    assert readable_ids(Dashboard, charlie.id, keys) == {open_to_all}
    assert readable_ids(Dashboard, "x", keys) == set()
    assert readers(Dashboard, key, [alice.id, charlie.id, "x"]) == {alice.id}
    assert readers(Dashboard, open_to_all, [alice.id, charlie.id]) == {alice.id, charlie.id}
    assert readers(Dashboard, "x", [alice.id]) == set()
    bob.user.is_active = False
    bob.user.save()
    assert readable_ids(Dashboard, bob.id, keys) == set()


@pytest.mark.django_db(transaction=True)
def test_an_account_that_ends_leaves_its_dashboards_an_heir(dashboard, alice, dora):
    lonely = make_dashboard(alice.user)
    alice.user.erase()
    assert DashboardMember.objects.get(user=dora.user).role == "owner"
    assert not Dashboard.objects.filter(pk=lonely.pk).exists()
    assert alice.id not in json.dumps([entry.payload for entry in read_after(f"dashboard:{lonely.pk}", 0).entries])
