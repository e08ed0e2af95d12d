"""rooms/{id}/messages/ and rooms/{id}/messages/{id}/"""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from api.models import Member, Message
from tests.api.conftest import MISSING, pointers, problem, url
from tests.factories import make_message, make_user
from tidewire.ids import uuid7


@pytest.fixture
def message_of_bob(room, bob) -> Message:
    return make_message(room, bob.user, "Ahoy")


def texts(response) -> list[str]:
    return [message["text"] for message in response.json()["results"]]


# -- reading -------------------------------------------------------------------------------------------------------


def test_list_is_newest_first_and_names_its_stream(room, alice, bob):
    for text in ("one", "two", "three"):
        make_message(room, bob.user, text)
    response = alice.get(url(room, "messages"))
    assert texts(response) == ["three", "two", "one"]
    body = response.json()
    assert (body["next"], body["previous"]) == (None, None)
    assert body["stream"]["channel"] == f"room:{room.pk}"
    assert response["Cache-Control"] == "no-store"  # the messages are no events yet: a test does not commit


def test_detail_is_the_resource_with_its_version_and_position(room, message_of_bob, alice, bob):
    response = alice.get(url(room, "messages", message_of_bob.pk))
    created_at = message_of_bob.created_at.isoformat().replace("+00:00", "Z")
    assert response.json() == {
        "id": str(message_of_bob.pk),
        "room": str(room.pk),
        "author": bob.json,
        "text": "Ahoy",
        "reply_to": None,
        "mentions": [],
        "reactions": [],
        "edited_at": None,
        "version": 1,
        "created_at": created_at,
    }
    assert response["ETag"] == '"1"'
    assert response["Tidewire-Position"].startswith(f"room:{room.pk}; epoch=")


@pytest.mark.parametrize("rest", [("messages",), ("messages", MISSING)])
def test_strangers_learn_nothing_of_a_private_room(room, message_of_bob, charlie, anybody, rest):
    assert problem(charlie.get(url(room, *rest))) == (404, "not_found")
    assert problem(anybody.get(url(room, *rest))) == (401, "not_authenticated")


def test_asking_for_a_missing_room_creates_no_stream(charlie, room):
    from tidewire.log.tables import Stream

    charlie.get(url(room, "messages"))
    charlie.get(f"/api/v1/rooms/{MISSING}/messages/")
    assert list(Stream.objects.values_list("name", flat=True)) == []


def test_every_signed_in_user_reads_a_public_room(lobby, bob, charlie):
    make_message(lobby, bob.user, "Welcome")
    assert texts(charlie.get(url(lobby, "messages"))) == ["Welcome"]


def test_a_message_is_found_in_its_own_room_only(room, lobby, message_of_bob, alice):
    assert problem(alice.get(url(lobby, "messages", message_of_bob.pk))) == (404, "not_found")


def test_a_message_outlives_its_author(room, message_of_bob, alice, bob):
    bob.user.delete()
    assert alice.get(url(room, "messages", message_of_bob.pk)).json()["author"] is None


@pytest.mark.parametrize("rows", [1, 3])
def test_a_page_takes_four_queries(room, alice, rows, django_assert_num_queries):
    alice.get(url(room, "messages"))  # creates the stream
    for _ in range(rows):
        make_message(room, make_user())
    with django_assert_num_queries(4):  # user, room with role, position, messages with authors and reactions
        assert len(texts(alice.get(url(room, "messages")))) == rows


# -- pages ---------------------------------------------------------------------------------------------------------


def test_pages_go_both_ways_without_a_gap(room, alice, bob):
    for number in range(7):
        make_message(room, bob.user, str(number))
    first = alice.get(url(room, "messages"), {"limit": 3})
    second = alice.get(first.json()["next"])
    third = alice.get(second.json()["next"])
    assert [texts(page) for page in (first, second, third)] == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
    assert (first.json()["previous"], third.json()["next"]) == (None, None)
    back = alice.get(third.json()["previous"])
    assert texts(back) == texts(second)
    assert texts(alice.get(back.json()["previous"])) == texts(first)
    assert alice.get(back.json()["previous"]).json()["previous"] is None
    assert texts(alice.get(back.json()["next"])) == texts(third)


def test_rows_of_the_same_instant_are_neither_lost_nor_repeated(room, alice, bob):
    at = make_message(room, bob.user).created_at
    for _ in range(6):
        make_message(room, bob.user, created_at=at)
    seen, page = [], alice.get(url(room, "messages"), {"limit": 2}).json()
    while True:
        seen += [message["id"] for message in page["results"]]
        if page["next"] is None:
            break
        page = alice.get(page["next"]).json()
    assert len(seen) == len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)


def test_a_cursor_survives_the_row_it_stands_at(room, alice, bob):
    messages = [make_message(room, bob.user, str(number)) for number in range(4)]
    first = alice.get(url(room, "messages"), {"limit": 2}).json()
    messages[2].soft_delete()
    make_message(room, bob.user, "new")
    assert texts(alice.get(first["next"])) == ["1", "0"]


def test_a_client_made_id_orders_nothing(room, alice, bob):
    old = make_message(room, bob.user, "old", id=uuid.UUID("ffffffff-ffff-7fff-bfff-ffffffffffff"))
    make_message(room, bob.user, "new", created_at=old.created_at + timedelta(seconds=1))
    assert texts(alice.get(url(room, "messages"))) == ["new", "old"]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5", "١", "9" * 400])
def test_a_wrong_limit_is_refused(room, alice, limit):
    assert pointers(alice.get(url(room, "messages"), {"limit": limit})) == [("/limit", "invalid")]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "%00", "ä", "WyJmIl0", "bnVsbA", "e30", "[" * 3000, "WyJmIiwiMjAyNi0wMS0wMVQwMDowMDowMCIsIngiXQ"],
)
def test_a_wrong_cursor_is_refused(room, alice, cursor):
    assert pointers(alice.get(url(room, "messages"), {"cursor": cursor})) == [("/cursor", "invalid")]


# -- writing -------------------------------------------------------------------------------------------------------


def test_a_member_writes_a_message(room, bob, alice):
    response = bob.post(url(room, "messages"), {"text": "Ahoy"})
    assert response.status_code == 201
    body = response.json()
    assert body == alice.get(response["Location"]).json()
    assert (body["author"], body["text"], body["version"]) == (bob.json, "Ahoy", 1)
    assert response["ETag"] == '"1"'


def test_writers_are_members(room, lobby, charlie, anybody):
    assert problem(charlie.post(url(room, "messages"), {"text": "Ahoy"})) == (404, "not_found")
    assert problem(charlie.post(url(lobby, "messages"), {"text": "Ahoy"})) == (403, "permission_denied")
    assert problem(anybody.post(url(lobby, "messages"), {"text": "Ahoy"})) == (401, "not_authenticated")
    assert Message.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("/text", "required")]),
        ({"text": ""}, [("/text", "blank")]),
        ({"text": " \n"}, [("/text", "blank")]),
        ({"text": None}, [("/text", "null")]),
        ({"text": ["a"]}, [("/text", "invalid")]),
        ({"text": 5}, [("/text", "invalid")]),
        ({"text": "x" * 4001}, [("/text", "max_length")]),
        ({"text": "a", "reply_to": MISSING}, [("/reply_to", "does_not_exist")]),
        ({"text": "a", "reply_to": "x"}, [("/reply_to", "invalid")]),
        ({"text": "a", "id": str(uuid.uuid4())}, [("/id", "version")]),
        ([], [("", "invalid")]),
    ],
)
def test_an_invalid_message(room, bob, body, expected):
    assert pointers(bob.post(url(room, "messages"), body)) == expected


def test_a_reply_names_a_message_of_the_same_room_even_a_deleted_one(room, lobby, message_of_bob, bob):
    reply = bob.post(url(room, "messages"), {"text": "Aye", "reply_to": str(message_of_bob.pk)})
    assert reply.json()["reply_to"] == str(message_of_bob.pk)
    elsewhere = bob.post(url(lobby, "messages"), {"text": "Aye", "reply_to": str(message_of_bob.pk)})
    assert pointers(elsewhere) == [("/reply_to", "does_not_exist")]
    message_of_bob.soft_delete()
    again = bob.post(url(room, "messages"), {"text": "Aye", "reply_to": str(message_of_bob.pk)})
    assert again.json()["reply_to"] == str(message_of_bob.pk)


def test_the_same_id_from_the_same_author_is_the_same_message(room, bob):
    body = {"id": str(uuid7()), "text": "Ahoy"}
    first, second = bob.post(url(room, "messages"), body), bob.post(url(room, "messages"), body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert first.json()["id"] == body["id"]
    assert Message.objects.count() == 1


def test_an_id_of_another_message_is_refused(room, lobby, message_of_bob, bob, alice):
    taken = {"id": str(message_of_bob.pk), "text": "Mine"}
    assert problem(alice.post(url(room, "messages"), taken)) == (409, "id_taken")
    assert problem(bob.post(url(lobby, "messages"), taken)) == (409, "id_taken")
    message_of_bob.soft_delete()
    assert problem(bob.post(url(room, "messages"), taken)) == (409, "id_taken")


def test_only_the_author_edits(room, message_of_bob, alice, dora, bob, charlie, anybody):
    path = url(room, "messages", message_of_bob.pk)
    for person in (alice, dora):
        assert problem(person.patch(path, {"text": "Mutiny"})) == (403, "permission_denied")
    assert problem(charlie.patch(path, {"text": "Mutiny"})) == (404, "not_found")
    assert problem(anybody.patch(path, {"text": "Mutiny"})) == (401, "not_authenticated")
    response = bob.patch(path, {"text": "Ahoy!"})
    body = response.json()
    assert (response.status_code, response["ETag"]) == (200, '"2"')
    assert (body["text"], body["version"]) == ("Ahoy!", 2)
    assert body["edited_at"] is not None
    assert body == alice.get(path).json()


def test_a_former_member_cannot_edit(lobby, bob):
    message = make_message(lobby, bob.user)
    Member.objects.get(room=lobby, user=bob.user).delete()
    assert problem(bob.patch(url(lobby, "messages", message.pk), {"text": "x"})) == (403, "permission_denied")
    assert problem(bob.delete(url(lobby, "messages", message.pk))) == (403, "permission_denied")


@pytest.mark.parametrize("who", ["bob", "dora", "alice"])
def test_author_and_moderators_delete(room, message_of_bob, who, request, alice):
    path = url(room, "messages", message_of_bob.pk)
    response = request.getfixturevalue(who).delete(path)
    assert (response.status_code, response.content) == (204, b"")
    assert problem(alice.get(path)) == (404, "not_found")
    assert texts(alice.get(url(room, "messages"))) == []
    row = Message.objects.get(pk=message_of_bob.pk)
    assert (row.text, row.version) == ("", 2)
    assert row.deleted_at is not None


def test_a_member_cannot_delete_another_members_message(room, alice, bob, charlie):
    message = make_message(room, alice.user)
    assert problem(bob.delete(url(room, "messages", message.pk))) == (403, "permission_denied")
    assert problem(charlie.delete(url(room, "messages", message.pk))) == (404, "not_found")
    assert Message.objects.get().deleted_at is None


def test_a_reply_keeps_pointing_at_a_deleted_message(room, message_of_bob, bob, alice):
    reply = make_message(room, bob.user, reply_to=message_of_bob)
    bob.delete(url(room, "messages", message_of_bob.pk))
    assert alice.get(url(room, "messages", reply.pk)).json()["reply_to"] == str(message_of_bob.pk)


@pytest.mark.parametrize("method", ["patch", "delete"])
@pytest.mark.parametrize("etag", ['"7"', 'W/"1"', "1", '"1x"', "nonsense"])
def test_another_version_is_refused(room, message_of_bob, bob, method, etag):
    response = getattr(bob, method)(url(room, "messages", message_of_bob.pk), {"text": "x"}, headers={"If-Match": etag})
    assert problem(response) == (412, "version_mismatch")
    assert Message.objects.get().text == "Ahoy"


@pytest.mark.parametrize("etag", ['"1"', "*", '"7", "1"'])
def test_the_right_version_is_accepted(room, message_of_bob, bob, etag):
    assert (
        bob.patch(url(room, "messages", message_of_bob.pk), {"text": "x"}, headers={"If-Match": etag}).status_code
        == 200
    )


@pytest.mark.parametrize("method", ["put", "options"])
def test_other_methods_are_refused(room, message_of_bob, bob, method):
    response = getattr(bob, method)(url(room, "messages", message_of_bob.pk))
    assert problem(response) == (405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD, PATCH, DELETE"
