"""Filters, orderings, selected fields; and that unknown parameters are refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from api.models import Message, Room
from tests.api.conftest import MISSING, pointers, url
from tests.factories import make_dashboard, make_message, make_metric, make_room
from tests.rig.openapi import document

LISTS = ("/api/v1/rooms/", "/api/v1/keys/", "/api/v1/me/sessions/")


def ids(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


@pytest.fixture
def three_messages(room, alice, bob) -> list[Message]:
    """Three messages, a minute apart: of Alice, Bob's reply, of Bob."""
    now = timezone.now()
    first = make_message(room, alice.user, created_at=now - timedelta(minutes=2))
    second = make_message(room, bob.user, created_at=now - timedelta(minutes=1), reply_to=first)
    return [first, second, make_message(room, bob.user, created_at=now)]


# -- filters ---------------------------------------------------------------------------------------------------------


def test_messages_are_narrowed_by_author_answer_and_time(room, alice, bob, three_messages):
    path, names = url(room, "messages"), [str(message.pk) for message in three_messages]
    assert ids(bob.get(path, {"author": alice.id})) == names[:1]
    assert ids(bob.get(path, {"reply_to": names[0]})) == names[1:2]
    middle = three_messages[1].created_at.isoformat()
    assert ids(bob.get(path, {"created_after": middle})) == names[2:]
    assert ids(bob.get(path, {"created_before": middle})) == names[:1]
    assert ids(bob.get(path, {"created_before": middle, "author": bob.id})) == []
    assert ids(bob.get(path, {"author": MISSING})) == []


def test_rooms_are_narrowed_by_kind_name_and_time(room, lobby, alice):
    assert ids(alice.get(url(), {"kind": "public"})) == [str(lobby.pk)]
    assert ids(alice.get(url(), {"name": "HARB"})) == [str(room.pk)]
    assert ids(alice.get(url(), {"name": "%"})) == []
    assert ids(alice.get(url(), {"created_after": timezone.now().isoformat()})) == []
    assert ids(alice.get(url(), {"discover": "true", "name": "lob"})) == [str(lobby.pk)]


def test_members_are_narrowed_by_role(room, dora, bob):
    rows = bob.get(url(room, "members"), {"role": "admin"}).json()["results"]
    assert [row["user"] for row in rows] == [dora.json]


def test_a_filter_shows_nothing_hidden(room, lobby, charlie):
    assert ids(charlie.get(url(), {"name": "Harbour"})) == []
    assert ids(charlie.get(url(), {"discover": "true", "name": "Harbour"})) == []


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"author": "x"}, [("/author", "invalid")]),
        ({"created_after": "yesterday"}, [("/created_after", "invalid")]),
        ({"author__email": "x"}, [("/author__email", "unknown")]),
        ({"colour": "red", "sort": "up"}, [("/colour", "unknown"), ("/sort", "unknown")]),
        ({"author": [MISSING, MISSING]}, [("/author", "invalid")]),
        ({"limit": ["1", "2"]}, [("/limit", "invalid")]),
    ],
    ids=str,
)
def test_an_invalid_filter(room, bob, query, wrong):
    assert pointers(bob.get(url(room, "messages"), query)) == wrong


def test_a_long_name_is_refused(alice):
    assert pointers(alice.get(url(), {"name": "x" * 101})) == [("/name", "max_length")]


@pytest.mark.parametrize("path", ["me/", "rooms/", "keys/", "me/sessions/", "streams/user:{id}/"])
def test_nothing_unknown_is_passed_over(alice, path):
    assert pointers(alice.get("/api/v1/" + path.format(id=alice.id), {"colour": "red"})) == [("/colour", "unknown")]


def test_writes_accept_no_parameters(room, bob):
    assert pointers(bob.post(url(room, "messages") + "?dry_run=true", {"text": "x"})) == [("/dry_run", "unknown")]
    assert not Message.objects.exists()


def test_every_parameter_is_documented():
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", []):
                is_said = parameter.get("description") or parameter["in"] == "path" or parameter["name"] == "limit"
                assert is_said, (method, path, parameter["name"])


# -- ordering --------------------------------------------------------------------------------------------------------


def test_the_oldest_come_first_if_asked(room, bob, three_messages):
    names = [str(message.pk) for message in three_messages]
    assert ids(bob.get(url(room, "messages"))) == names[::-1]
    assert ids(bob.get(url(room, "messages"), {"ordering": "created_at"})) == names
    page = bob.get(url(room, "messages"), {"ordering": "created_at", "limit": "2"}).json()
    assert ids(bob.get(page["next"])) == names[2:]


def test_rooms_by_their_last_change(alice):
    first, second = make_room(alice.user), make_room(alice.user)
    Room.objects.filter(pk=first.pk).update(updated_at=timezone.now())
    assert ids(alice.get(url(), {"ordering": "-updated_at"})) == [str(first.pk), str(second.pk)]


def test_a_cursor_is_good_for_its_ordering(room, bob, three_messages):
    page = bob.get(url(room, "messages"), {"limit": "1"}).json()
    turned = page["next"].replace("limit=1", "ordering=created_at")
    assert pointers(bob.get(turned)) == [("/cursor", "invalid")]


@pytest.mark.parametrize("ordering", ["text", "author__email", "-", "", "?"])
def test_only_listed_columns_order(room, bob, ordering):
    assert pointers(bob.get(url(room, "messages"), {"ordering": ordering})) == [("/ordering", "invalid")]


# -- fields ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def unchecked(bob, monkeypatch):
    """Rows with selected fields lack fields that the schema requires."""
    monkeypatch.setattr("tests.rig.openapi._check_body", lambda *args: None)
    return bob


def test_rows_have_the_fields_that_were_asked_for(room, unchecked, three_messages):
    page = unchecked.get(url(room, "messages"), {"fields": "text,id", "limit": "1"}).json()
    assert page["results"] == [{"id": str(three_messages[2].pk), "text": three_messages[2].text}]
    assert page["stream"]["channel"] == f"room:{room.pk}"
    assert "fields=text%2Cid" in page["next"]


def test_a_detail_has_them_too_and_its_version_in_the_etag(room, unchecked, three_messages):
    response = unchecked.get(url(room, "messages", three_messages[0].pk), {"fields": "text"})
    assert response.json() == {"text": three_messages[0].text}
    assert response["ETag"] == '"1"'


@pytest.mark.parametrize("fields", ["password", "id,nonsense", "", "id,", "author.email"])
def test_only_fields_that_there_are(room, bob, fields):
    assert pointers(bob.get(url(room, "messages"), {"fields": fields})) == [("/fields", "unknown")]


# -- links -----------------------------------------------------------------------------------------------------------


def test_pages_are_linked_in_a_header_too(room, bob, three_messages):
    page = bob.get(url(room, "messages"), {"limit": "1"})
    assert page["Link"] == f'<{page.json()["next"]}>; rel="next"'
    second = bob.get(page.json()["next"])
    body = second.json()
    assert second["Link"] == f'<{body["next"]}>; rel="next", <{body["previous"]}>; rel="prev"'
    assert "Link" not in bob.get(url(room, "messages"))


# -- around a row ------------------------------------------------------------------------------------------------------


def test_messages_around_one_of_them(room, alice, bob, three_messages):
    names = [str(message.pk) for message in three_messages]
    answer = bob.get(url(room, "messages"), {"around": names[1].upper(), "limit": 1})
    assert (ids(answer), answer.json()["stream"]["channel"]) == (names[1:2], f"room:{room.pk}")
    assert ids(bob.get(answer.json()["previous"])) == names[2:]
    assert ids(bob.get(answer.json()["next"])) == names[:1]
    assert ids(bob.get(url(room, "messages"), {"around": names[1], "author": bob.id, "limit": 3})) == names[:0:-1]


def test_around_shows_nothing_hidden(room, lobby, alice, bob, charlie, three_messages):
    """A message of another room, one that is deleted, and one that a filter leaves out are no place in a list."""
    first, elsewhere = three_messages[0], make_message(lobby, alice.user)
    path = url(room, "messages")
    assert charlie.get(path, {"around": str(first.pk)}).status_code == 404
    for around, query in ((elsewhere, {}), (first, {"author": bob.id})):
        assert pointers(bob.get(path, {"around": str(around.pk), **query})) == [("/around", "not_in_list")]
    alice.delete(url(room, "messages", str(first.pk)))
    assert pointers(bob.get(path, {"around": str(first.pk)})) == [("/around", "not_in_list")]
    for nothing in (MISSING, "x", "", "1" * 400):
        assert pointers(bob.get(path, {"around": nothing})) == [("/around", "not_in_list")]


def test_members_are_found_by_their_user(room, alice, bob):
    rows = bob.get(url(room, "members"), {"around": bob.id, "limit": 1}).json()["results"]
    assert [row["user"]["id"] for row in rows] == [bob.id]


def test_every_list_takes_each_of_its_rows_as_a_place(room, alice, bob, three_messages):
    """The key of a row, as `x-tidewire-live` names it, is what `around` asks for: in every list of the document."""
    alice.put(url(room, "read"), {"message": str(three_messages[-1].pk)})
    dashboard = make_dashboard(alice.user)
    make_metric(dashboard)
    place, tried, lists = {"room_id": str(room.pk), "dashboard_id": str(dashboard.pk)}, set(), set()
    for path, item in document()["paths"].items():
        found = item.get("get", {})
        live, names = found.get("x-tidewire-live", {}), {one["name"] for one in found.get("parameters", ())}
        if "order" not in live:
            continue
        lists.add(path)
        assert "around" in names, path
        address = path.format_map(place)
        for row in alice.get(address).json()["results"]:
            key = row
            for part in live["key"].split("."):
                key = key[part]
            shown = alice.get(address, {"around": key, "limit": 1}).json()["results"]
            assert shown == [row], path
            tried.add(path)
    assert len(lists) > 6
    assert tried == lists
