"""rooms/, rooms/{id}/, rooms/{id}/join/, rooms/{id}/leave/"""

from __future__ import annotations

import pytest

from api.models import Member, Message, Room
from tests.api.conftest import MISSING, pointers, problem, url
from tests.factories import make_message, make_room, make_user
from tidewire.ids import uuid7


def names(response) -> list[str]:
    return [room["name"] for room in response.json()["results"]]


def roles(room_id) -> dict[str, str]:
    return {str(user): role for user, role in Member.objects.filter(room=room_id).values_list("user", "role")}


# -- reading -------------------------------------------------------------------------------------------------------


def test_the_list_holds_my_rooms_newest_first_and_names_my_stream(room, lobby, alice, bob, charlie):
    make_room(charlie.user, name="Elsewhere")
    response = bob.get(url())
    assert names(response) == ["Lobby", "Harbour"]
    assert response.json()["stream"]["channel"] == f"user:{bob.id}"
    assert [room["me"] for room in response.json()["results"]] == [{"role": "member", "unread_count": 0}] * 2
    assert names(charlie.get(url())) == ["Elsewhere"]


def test_discovery_shows_public_rooms_and_belongs_to_no_stream(room, lobby, bob, charlie):
    response = charlie.get(url(), {"discover": "true"})
    assert names(response) == ["Lobby"]
    assert response.json()["stream"] is None
    assert response.json()["results"][0]["me"] == {"role": None, "unread_count": None}
    assert bob.get(url(), {"discover": "true"}).json()["results"][0]["me"] == {"role": "member", "unread_count": 0}
    assert names(charlie.get(url(), {"discover": "false"})) == []


@pytest.mark.parametrize("text", ["", "1", "True", "yes"])
def test_a_wrong_discover_is_refused(alice, text):
    assert pointers(alice.get(url(), {"discover": text})) == [("/discover", "invalid")]


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("query", "queries"), [({}, 3), ({"discover": "true"}, 2)])
def test_a_page_takes_a_constant_number_of_queries(alice, rows, query, queries, django_assert_num_queries):
    alice.get(url())  # creates the stream
    for _ in range(rows):
        make_room(alice.user, make_user(), kind=Room.Kind.PUBLIC)
    with django_assert_num_queries(queries):  # user, (position,) rooms
        assert len(names(alice.get(url(), query))) == rows


def test_pages_of_rooms(alice):
    for number in range(3):
        make_room(alice.user, name=str(number))
    first = alice.get(url(), {"limit": 2})
    assert names(first) == ["2", "1"]
    assert names(alice.get(first.json()["next"])) == ["0"]


def test_a_room_as_its_members_see_it(room, alice, dora, bob, charlie, anybody):
    response = alice.get(url(room))
    body = response.json()
    times = {"created_at": body["created_at"], "updated_at": body["updated_at"]}
    assert body == {
        "id": str(room.pk),
        "name": "Harbour",
        "kind": "private",
        "version": 1,
        "me": {"role": "owner", "unread_count": 0},
        **times,
    }
    assert response["ETag"] == '"1"'
    assert response["Tidewire-Position"].startswith(f"room:{room.pk}; epoch=")
    assert [person.get(url(room)).json()["me"]["role"] for person in (dora, bob)] == ["admin", "member"]
    assert problem(charlie.get(url(room))) == (404, "not_found")
    assert problem(anybody.get(url(room))) == (401, "not_authenticated")


def test_a_public_room_as_a_guest_sees_it(lobby, charlie):
    assert charlie.get(url(lobby)).json()["me"] == {"role": None, "unread_count": None}


@pytest.mark.parametrize("id", [MISSING, "x", "1", MISSING.upper().replace("0", "A")])
def test_no_such_room(alice, id):
    assert problem(alice.get(f"/api/v1/rooms/{id}/")) == (404, "not_found")


# -- opening -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["public", "private"])
def test_the_opener_of_a_room_owns_it(alice, kind):
    response = alice.post(url(), {"name": "Harbour", "kind": kind})
    body = response.json()
    assert response.status_code == 201
    assert (body["name"], body["kind"], body["version"], body["me"]) == (
        "Harbour",
        kind,
        1,
        {"role": "owner", "unread_count": 0},
    )
    assert roles(body["id"]) == {alice.id: "owner"}
    assert alice.get(response["Location"]).json() == body


def test_a_room_is_private_unless_said_otherwise(alice):
    assert alice.post(url(), {"name": "Harbour"}).json()["kind"] == "private"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("/name", "required")]),
        ({"name": ""}, [("/name", "blank")]),
        ({"name": "x" * 101}, [("/name", "max_length")]),
        ({"name": "x", "kind": "secret"}, [("/kind", "invalid_choice")]),
        ({"name": "x", "id": MISSING.replace("7000", "4000").replace("-8", "-a", 1)[:36]}, [("/id", "version")]),
        ({"name": "x", "user_id": MISSING}, [("/user_id", "does_not_exist")]),
        ({"kind": "direct"}, [("/user_id", "required")]),
        ({"kind": "direct", "user_id": MISSING}, [("/user_id", "does_not_exist")]),
    ],
)
def test_an_invalid_room(alice, body, expected):
    assert pointers(alice.post(url(), body)) == expected
    assert not Room.objects.exists()


def test_the_same_id_from_the_owner_is_the_same_room(alice, bob):
    body = {"id": str(uuid7()), "name": "Harbour"}
    first, second = alice.post(url(), body), alice.post(url(), body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert problem(bob.post(url(), body)) == (409, "id_taken")
    assert Room.objects.count() == 1


def test_a_direct_room_is_found_again_by_both(alice, bob, charlie):
    first = alice.post(url(), {"kind": "direct", "user_id": bob.id})
    again = alice.post(url(), {"kind": "direct", "user_id": bob.id, "id": str(uuid7())})
    other = bob.post(url(), {"kind": "direct", "user_id": alice.id})
    assert [response.status_code for response in (first, again, other)] == [201, 200, 200]
    assert first.json() == again.json() == other.json()
    assert (first.json()["name"], first.json()["me"]) == ("", {"role": "member", "unread_count": 0})
    assert roles(first.json()["id"]) == {alice.id: "member", bob.id: "member"}
    assert problem(charlie.get(first["Location"])) == (404, "not_found")


def test_a_direct_room_needs_another_user_and_no_name(alice, bob):
    assert pointers(alice.post(url(), {"kind": "direct", "user_id": alice.id})) == [("/user_id", "invalid")]
    named = alice.post(url(), {"kind": "direct", "user_id": bob.id, "name": "Us"})
    assert pointers(named) == [("/name", "unexpected")]


def test_a_direct_room_does_not_change_its_kind(alice, bob, charlie):
    room_url = alice.post(url(), {"kind": "direct", "user_id": bob.id})["Location"]
    assert problem(alice.patch(room_url, {"name": "Us"})) == (403, "permission_denied")
    assert problem(alice.delete(room_url)) == (403, "permission_denied")
    assert problem(alice.post(room_url + "members/", {"user_id": charlie.id})) == (403, "permission_denied")
    assert problem(charlie.post(room_url + "join/")) == (404, "not_found")
    assert problem(alice.post(room_url + "leave/")) == (409, "direct_room")
    assert problem(alice.delete(f"{room_url}members/{alice.id}/")) == (409, "direct_room")
    assert Member.objects.count() == 2


# -- changing ------------------------------------------------------------------------------------------------------


def test_admins_rename(room, alice, dora, bob, charlie):
    response = dora.patch(url(room), {"name": "Port"})
    assert (response.status_code, response["ETag"]) == (200, '"2"')
    assert (response.json()["name"], response.json()["version"]) == ("Port", 2)
    assert response.json()["updated_at"] > response.json()["created_at"]
    assert response.json() == dora.get(url(room)).json()
    assert problem(bob.patch(url(room), {"name": "Mine"})) == (403, "permission_denied")
    assert problem(charlie.patch(url(room), {"name": "Mine"})) == (404, "not_found")


def test_owners_open_a_room_to_the_public_and_close_it(room, alice, dora, charlie):
    assert problem(dora.patch(url(room), {"kind": "public"})) == (403, "permission_denied")
    assert charlie.get(url(room)).status_code == 404
    assert alice.patch(url(room), {"kind": "public"}).json()["kind"] == "public"
    assert charlie.get(url(room)).status_code == 200
    alice.patch(url(room), {"kind": "private"})
    assert charlie.get(url(room)).status_code == 404


def test_no_room_turns_direct(room, alice):
    assert pointers(alice.patch(url(room), {"kind": "direct"})) == [("/kind", "invalid_choice")]


def test_an_empty_change_changes_nothing(room, alice):
    assert alice.patch(url(room), {}).json()["version"] == 1


def test_another_version_is_refused(room, alice):
    for method in (alice.patch, alice.delete):
        assert problem(method(url(room), {"name": "x"}, headers={"If-Match": '"2"'})) == (412, "version_mismatch")
    assert alice.patch(url(room), {"name": "x"}, headers={"If-Match": '"1"'}).status_code == 200


def test_owners_delete_a_room_with_all_that_is_in_it(room, alice, dora, bob, charlie):
    make_message(room, bob.user)
    for person, expected in [(dora, 403), (bob, 403), (charlie, 404)]:
        assert person.delete(url(room)).status_code == expected
    response = alice.delete(url(room))
    assert (response.status_code, response.content) == (204, b"")
    assert [model.objects.count() for model in (Room, Member, Message)] == [0, 0, 0]


# -- handing over ---------------------------------------------------------------------------------------------------


def test_an_owner_hands_the_room_over(room, alice, bob, dora):
    response = alice.post(url(room, "transfer"), {"user_id": bob.id})
    assert (response.status_code, response.json()["user"], response.json()["role"]) == (200, bob.json, "owner")
    assert roles(room.pk) == {alice.id: "admin", bob.id: "owner", dora.id: "admin"}
    assert alice.post(url(room, "leave")).status_code == 204


def test_only_an_owner_hands_over_and_only_to_a_member(room, alice, dora, bob, charlie, anybody):
    path = url(room, "transfer")
    for person, expected in [(dora, 403), (bob, 403), (charlie, 404), (anybody, 401)]:
        assert person.post(path, {"user_id": bob.id}).status_code == expected
    for user_id in (charlie.id, alice.id, MISSING):
        assert pointers(alice.post(path, {"user_id": user_id})) == [("/user_id", "does_not_exist")]
    assert roles(room.pk)[alice.id] == "owner"


def test_a_direct_room_cannot_be_handed_over(alice, bob):
    room_url = alice.post(url(), {"kind": "direct", "user_id": bob.id})["Location"]
    assert problem(alice.post(room_url + "transfer/", {"user_id": bob.id})) == (403, "permission_denied")


# -- coming and going ----------------------------------------------------------------------------------------------


def test_a_user_joins_a_public_room_once(lobby, charlie):
    first, second = charlie.post(url(lobby, "join")), charlie.post(url(lobby, "join"))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert (first.json()["user"], first.json()["role"], first.json()["version"]) == (charlie.json, "member", 1)
    assert charlie.get(url(lobby, "members", charlie.id)).json() == first.json()


def test_a_private_room_cannot_be_joined(room, charlie, bob, anybody):
    assert problem(charlie.post(url(room, "join"))) == (404, "not_found")
    assert problem(anybody.post(url(room, "join"))) == (401, "not_authenticated")
    assert bob.post(url(room, "join")).json()["role"] == "member"


def test_leaving(room, lobby, bob, charlie):
    response = bob.post(url(room, "leave"))
    assert (response.status_code, response.content) == (204, b"")
    assert bob.id not in roles(room.pk)
    assert problem(bob.post(url(room, "leave"))) == (404, "not_found")
    assert charlie.post(url(lobby, "leave")).status_code == 204


def test_the_last_owner_cannot_leave(room, alice, bob):
    assert problem(alice.post(url(room, "leave"))) == (409, "last_owner")
    assert roles(room.pk)[alice.id] == "owner"
    Member.objects.filter(room=room, user=bob.user).update(role="owner")
    assert alice.post(url(room, "leave")).status_code == 204
