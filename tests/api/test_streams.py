"""streams/{name}/, and who may subscribe: the rules are the same."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api import permissions
from api.auth import sessions
from api.models import Member, Room, User
from realtime import credentials
from tests.api.conftest import MISSING, pointers, problem, url
from tests.contract_client import ContractClient
from tests.factories import make_message, make_room
from tests.rig.openapi import check_event
from tidewire.credentials import InvalidCredential
from tidewire.log.pages import read_after
from tidewire.log.tables import Event, Stream
from tidewire.testing import record_now


def stream(name: str) -> str:
    return f"/api/v1/streams/{name}/"


def test_the_position_of_a_room(room, alice, bob, charlie, anybody):
    make_message(room, bob.user)
    name = f"room:{room.pk}"
    position = bob.get(stream(name)).json()
    assert position["channel"] == name
    assert position == bob.get(url(room, "messages")).json()["stream"]
    assert problem(charlie.get(stream(name))) == (404, "not_found")
    assert problem(anybody.get(stream(name))) == (401, "not_authenticated")


def test_a_guest_reads_the_position_of_a_public_room(lobby, charlie):
    assert charlie.get(stream(f"room:{lobby.pk}")).json()["offset"] >= 0


def test_each_user_has_an_own_stream(alice, bob):
    assert alice.get(stream(f"user:{alice.id}")).json()["channel"] == f"user:{alice.id}"
    assert problem(bob.get(stream(f"user:{alice.id}"))) == (404, "not_found")


@pytest.mark.parametrize("name", ["x", "room:", "room:x", f"room:{MISSING}", f"boat:{MISSING}", "room:1:2", "room:%00"])
def test_no_such_stream(alice, name):
    assert problem(alice.get(stream(name))) == (404, "not_found")


# -- the keys of one subscribe frame ---------------------------------------------------------------------------------


def test_many_rooms_are_asked_in_one_query(room, lobby, charlie, bob, django_assert_num_queries):
    keys = [str(room.pk), str(lobby.pk), MISSING]
    with django_assert_num_queries(1):
        assert permissions.readable_ids(Room, bob.id, keys) == {str(room.pk), str(lobby.pk)}
    with django_assert_num_queries(1):
        assert permissions.readable_ids(Room, charlie.id, keys) == {str(lobby.pk)}


def test_a_room_has_one_name(room, bob):
    id = str(room.pk)
    others = [id.upper(), id.replace("-", ""), f"{{{id}}}", f"urn:uuid:{id}", f" {id}", "", "x", "\0"]
    assert permissions.readable_ids(Room, bob.id, [key for key in others if key != id]) == set()


@pytest.mark.parametrize("user_id", ["", "x", MISSING, "\0"])
def test_an_unknown_user_reads_nothing(lobby, user_id):
    assert permissions.readable_ids(Room, user_id, [str(lobby.pk)]) == set()
    assert permissions.own_user_id(user_id, [user_id]) == set()


def test_a_closed_account_reads_nothing(room, lobby, bob):
    User.objects.filter(pk=bob.id).update(is_active=False)
    assert permissions.readable_ids(Room, bob.id, [str(room.pk), str(lobby.pk)]) == set()
    assert permissions.own_user_id(bob.id, [bob.id]) == set()


def test_the_stream_of_a_user_is_theirs(alice, bob):
    assert permissions.own_user_id(alice.id, [bob.id, alice.id]) == {alice.id}
    assert permissions.own_user_id(alice.id, [bob.id]) == set()


# -- events ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def five_messages(room, bob) -> list[str]:
    """Five messages, the only events in the log."""
    record_now()
    Event.objects.all().delete()
    Stream.objects.all().delete()
    ids = [str(make_message(room, bob.user).pk) for _ in range(5)]
    record_now()
    return ids


def events(room, person, **query):
    return person.get(stream(f"room:{room.pk}") + "events/", query)


def test_events_after_a_position(room, bob, five_messages):
    page = events(room, bob, after=3).json()
    assert [entry["offset"] for entry in page["results"]] == [4, 5]
    assert [entry["event"]["data"]["id"] for entry in page["results"]] == five_messages[3:]
    assert page["next"] is None
    assert page["stream"] == bob.get(stream(f"room:{room.pk}")).json()
    check_event(page["results"][0]["event"])


def test_pages_lead_to_the_head(room, bob, five_messages):
    page, seen = events(room, bob, limit=2).json(), []
    while True:
        seen += [entry["event"]["data"]["id"] for entry in page["results"]]
        if page["next"] is None:
            break
        page = bob.get(page["next"]).json()
    assert seen == five_messages
    assert events(room, bob, after=5, epoch=page["stream"]["epoch"]).json()["results"] == []


def test_a_lost_position_is_answered_with_the_present_one(room, bob, five_messages):
    head = bob.get(stream(f"room:{room.pk}")).json()
    Event.objects.filter(offset__lte=2).delete()
    assert events(room, bob, after=2).status_code == 200
    for query in ({"after": 1}, {}, {"after": 6}, {"after": 3, "epoch": "another"}):
        response = events(room, bob, **query)
        assert problem(response) == (410, "position_lost")
        assert response.json()["stream"] == head
    Event.objects.all().delete()
    assert problem(events(room, bob, after=4)) == (410, "position_lost")
    assert events(room, bob, after=5).json()["results"] == []


def test_events_are_for_those_who_may_subscribe(room, alice, charlie, anybody, five_messages):
    assert len(events(room, alice).json()["results"]) == 5
    assert problem(events(room, charlie)) == (404, "not_found")
    assert problem(events(room, anybody)) == (401, "not_authenticated")
    assert problem(alice.get(stream("revocations:all") + "events/")) == (404, "not_found")
    assert problem(alice.get(stream("x") + "events/")) == (404, "not_found")


def test_losing_access_while_the_page_is_read_gives_none_of_it(room, bob, five_messages, monkeypatch):
    original = read_after

    def removed_meanwhile(*args):
        Member.objects.filter(room=room, user=bob.user).delete()
        return original(*args)

    monkeypatch.setattr("api.views.streams.read_after", removed_meanwhile)
    assert problem(events(room, bob)) == (404, "not_found")


@pytest.mark.parametrize(
    "query",
    [{"after": "x"}, {"after": "-1"}, {"after": "9" * 20}, {"limit": "0"}, {"limit": "501"}, {"after": ["1", "2"]}],
    ids=str,
)
def test_an_invalid_position(room, bob, query):
    assert pointers(events(room, bob, **query)) == [(f"/{next(iter(query))}", "invalid")]


def test_erased_means_erased_here_too(room, bob, five_messages):
    bob.delete(url(room, "messages", five_messages[0]))
    record_now()
    first = events(room, bob).json()["results"][0]
    assert (first["offset"], first["event"]["type"]) == (1, "message.deleted")
    assert "text" not in first["event"]["data"]


# -- a token for an address --------------------------------------------------------------------------------------------


def test_a_token_for_an_address_opens_events_and_nothing_else(alice):
    answer = alice.post("/api/v1/streams/token/")
    token = answer.json()["token"]
    identity = credentials.authenticate_events(token)
    assert (identity.user_id, identity.may_publish, identity.is_renewable) == (alice.id, False, False)
    assert identity.session_id
    with pytest.raises(InvalidCredential):
        credentials.authenticate(token)
    assert problem(ContractClient().get("/api/v1/me/", headers={"Authorization": f"Bearer {token}"})) == (
        401,
        "token_invalid",
    )


def test_a_token_for_an_address_ends_with_the_access_token(alice):
    answer = alice.post("/api/v1/streams/token/").json()
    left = datetime.fromisoformat(answer["expires_at"]) - timezone.now()
    assert timedelta() < left <= django_settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"]
    assert credentials.authenticate_events(answer["token"]).expires_at == pytest.approx(
        datetime.fromisoformat(answer["expires_at"]).timestamp(), abs=1
    )


def test_an_access_token_is_no_token_for_an_address(bob):
    pair = sessions.sign_in_as(bob.user)
    for text in (*pair.values(), "", "x.y.z"):
        with pytest.raises(InvalidCredential):
            credentials.authenticate_events(text)


# -- all that one may read ---------------------------------------------------------------------------------------------


def listed(person, query):
    answer = person.get(f"/api/v1/streams/?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_streams_of_a_kind_with_their_positions(room, lobby, alice, bob, charlie):
    """Rooms that one is a member of and public ones, in the order of their keys; and nothing else."""
    make_message(room, bob.user)
    mine = sorted([f"room:{room.pk}", f"room:{lobby.pk}"])
    results = listed(bob, "kind=room")["results"]
    assert [position["channel"] for position in results] == mine
    assert results == [bob.get(stream(name)).json() for name in mine]
    assert [position["channel"] for position in listed(charlie, "kind=room")["results"]] == [f"room:{lobby.pk}"]
    assert [position["channel"] for position in listed(bob, "kind=user")["results"]] == [f"user:{bob.id}"]
    assert listed(bob, "kind=dashboard")["results"] == []


def test_pages_of_streams_hold_each_once(alice):
    names = [*sorted(f"room:{make_room(alice.user).pk}" for _ in range(5)), f"user:{alice.id}"]
    seen, address = [], "/api/v1/streams/?limit=2"
    while address:
        page = alice.get(address).json()
        assert len(page["results"]) <= 2
        seen += [position["channel"] for position in page["results"]]
        address = page["next"]
    assert seen == names


def test_a_list_of_streams_costs_the_same_for_one_and_for_three(alice):
    for count in (1, 2):
        for _ in range(count):
            room = make_room(alice.user)
            make_message(room, alice.user)
        with CaptureQueriesContext(connection) as queries:
            listed(alice, "kind=room")
        if count == 1:
            first = len(queries)
    assert len(queries) == first


@pytest.mark.parametrize("query", ["kind=boat", "kind=room&kind=user", "kind=room&after=1", "kind=room&limit=501"])
def test_a_list_of_streams_that_is_not_understood(alice, query):
    assert problem(alice.get(f"/api/v1/streams/?{query}")) == (400, "invalid")


def test_requests_without_a_credential_count_for_their_network(settings):
    """Behind the doors as in the API, and together with it."""
    settings.REQUEST_QUOTAS = {**settings.REQUEST_QUOTAS, "address": 2}
    assert [credentials.may_ask("192.0.2.7") for _ in range(3)] == [True, True, False]
    assert credentials.may_ask("192.0.2.8")
    assert all(credentials.may_ask("127.0.0.1") for _ in range(5))
    assert [credentials.may_ask(f"2001:db8::{n}") for n in range(3)] == [True, True, False]
