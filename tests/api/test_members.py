"""rooms/{id}/members/ and rooms/{id}/members/{user_id}/"""

from __future__ import annotations

import pytest

from api.models import Member
from tests.api.conftest import MISSING, Person, pointers, problem, url
from tests.factories import add_member, make_room, make_user


def role_of(room, person) -> str | None:
    return Member.objects.filter(room=room, user=person.user).values_list("role", flat=True).first()


def test_the_list_is_in_the_order_of_joining_and_names_the_rooms_stream(room, alice, dora, bob):
    response = bob.get(url(room, "members"))
    people = [(member["user"], member["role"]) for member in response.json()["results"]]
    assert people == [(alice.json, "owner"), (dora.json, "admin"), (bob.json, "member")]
    assert response.json()["stream"]["channel"] == f"room:{room.pk}"


def test_a_member(room, bob, alice):
    response = alice.get(url(room, "members", bob.id))
    body = response.json()
    assert body == {"user": bob.json, "role": "member", "joined_at": body["joined_at"], "version": 1}
    assert response["ETag"] == '"1"'
    assert response["Tidewire-Position"].startswith(f"room:{room.pk}; epoch=")


def test_readers_of_the_member_list(room, lobby, alice, charlie, anybody):
    for rest in (("members",), ("members", alice.id)):
        assert problem(charlie.get(url(room, *rest))) == (404, "not_found")
        assert problem(anybody.get(url(room, *rest))) == (401, "not_authenticated")
        assert charlie.get(url(lobby, *rest)).status_code == 200
    assert problem(alice.get(url(room, "members", charlie.id))) == (404, "not_found")


@pytest.mark.parametrize("rows", [1, 3])
def test_a_page_takes_four_queries(alice, rows, django_assert_num_queries):
    room = make_room(alice.user, *(make_user() for _ in range(rows - 1)))
    alice.get(url(room, "members"))  # creates the stream
    with django_assert_num_queries(4):  # user, room with role, position, members with users
        assert len(alice.get(url(room, "members")).json()["results"]) == rows


def test_pages_of_members_go_forward_in_time(room, alice, dora, bob):
    first = alice.get(url(room, "members"), {"limit": 2}).json()
    second = alice.get(first["next"]).json()
    assert [member["user"]["name"] for member in first["results"] + second["results"]] == ["Alice", "Dora", "Bob"]
    assert alice.get(second["previous"]).json()["results"] == first["results"]


# -- adding --------------------------------------------------------------------------------------------------------


def test_admins_add_members(room, dora, charlie):
    response = dora.post(url(room, "members"), {"user_id": charlie.id})
    assert response.status_code == 201
    assert (response.json()["user"], response.json()["role"]) == (charlie.json, "member")
    assert dora.get(response["Location"]).json() == response.json()
    assert charlie.get(url(room)).status_code == 200


def test_members_and_strangers_may_not_add_members(room, lobby, bob, charlie, anybody):
    body = {"user_id": charlie.id}
    assert problem(bob.post(url(room, "members"), body)) == (403, "permission_denied")
    assert problem(charlie.post(url(room, "members"), body)) == (404, "not_found")
    assert problem(charlie.post(url(lobby, "members"), body)) == (403, "permission_denied")
    assert problem(anybody.post(url(room, "members"), body)) == (401, "not_authenticated")
    assert role_of(room, charlie) is None


@pytest.mark.parametrize(
    ("who", "role", "status"),
    [("alice", "owner", 201), ("alice", "admin", 201), ("dora", "admin", 403), ("dora", "owner", 403)],
)
def test_only_owners_give_a_role_as_high_as_their_own(room, charlie, request, who, role, status):
    response = request.getfixturevalue(who).post(url(room, "members"), {"user_id": charlie.id, "role": role})
    assert response.status_code == status
    assert role_of(room, charlie) == (role if status == 201 else None)


def test_adding_twice(room, alice, bob):
    assert alice.post(url(room, "members"), {"user_id": bob.id}).status_code == 200
    again = alice.post(url(room, "members"), {"user_id": bob.id, "role": "admin"})
    assert problem(again) == (409, "already_member")
    assert role_of(room, bob) == "member"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("/user_id", "required")]),
        ({"user_id": "x"}, [("/user_id", "invalid")]),
        ({"user_id": MISSING}, [("/user_id", "does_not_exist")]),
        ({"user_id": MISSING, "role": "king"}, [("/user_id", "does_not_exist"), ("/role", "invalid_choice")]),
    ],
)
def test_an_invalid_member(room, alice, body, expected):
    assert pointers(alice.post(url(room, "members"), body)) == expected


def test_a_closed_account_is_not_added(room, alice):
    body = {"user_id": str(make_user(is_active=False).pk)}
    assert pointers(alice.post(url(room, "members"), body)) == [("/user_id", "does_not_exist")]


# -- roles ---------------------------------------------------------------------------------------------------------


def test_owners_give_roles(room, alice, bob):
    response = alice.patch(url(room, "members", bob.id), {"role": "admin"})
    assert (response.status_code, response["ETag"]) == (200, '"2"')
    assert (response.json()["role"], response.json()["version"]) == ("admin", 2)
    assert response.json() == alice.get(url(room, "members", bob.id)).json()


def test_admins_neither_promote_nor_demote_their_equals(room, dora, alice, bob):
    another = Person(make_user("Another"))
    add_member(room, another.user, Member.Role.ADMIN)
    for person, role in [(bob, "admin"), (another, "member"), (alice, "member"), (dora, "owner")]:
        assert problem(dora.patch(url(room, "members", person.id), {"role": role})) == (403, "permission_denied")


def test_members_and_strangers_give_no_roles(room, bob, charlie):
    assert problem(bob.patch(url(room, "members", bob.id), {"role": "owner"})) == (403, "permission_denied")
    assert problem(charlie.patch(url(room, "members", bob.id), {"role": "owner"})) == (404, "not_found")


def test_the_last_owner_stays_owner(room, alice, dora):
    path = url(room, "members", alice.id)
    assert problem(alice.patch(path, {"role": "admin"})) == (409, "last_owner")
    assert alice.patch(path, {"role": "owner"}).status_code == 200
    alice.patch(url(room, "members", dora.id), {"role": "owner"})
    assert alice.patch(path, {"role": "member"}).json()["role"] == "member"


def test_another_version_is_refused(room, alice, bob):
    path, headers = url(room, "members", bob.id), {"If-Match": '"2"'}
    assert problem(alice.patch(path, {"role": "admin"}, headers=headers)) == (412, "version_mismatch")
    assert problem(alice.delete(path, headers=headers)) == (412, "version_mismatch")
    assert alice.delete(path, headers={"If-Match": '"1"'}).status_code == 204


# -- removing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "whom", "status"),
    [
        ("alice", "bob", 204),
        ("alice", "dora", 204),
        ("dora", "bob", 204),
        ("dora", "alice", 403),
        ("bob", "dora", 403),
        ("bob", "bob", 204),
        ("dora", "dora", 204),
        ("charlie", "bob", 404),
        ("alice", "charlie", 404),
    ],
)
def test_removals_by_role(room, charlie, request, who, whom, status):
    target = request.getfixturevalue(whom)
    before = role_of(room, target)
    assert request.getfixturevalue(who).delete(url(room, "members", target.id)).status_code == status
    assert role_of(room, target) == (None if status == 204 else before)


def test_the_last_owner_is_not_removed(room, alice):
    assert problem(alice.delete(url(room, "members", alice.id))) == (409, "last_owner")


def test_a_removed_member_sees_nothing(room, alice, bob):
    alice.delete(url(room, "members", bob.id))
    assert problem(bob.get(url(room))) == (404, "not_found")
    assert bob.get(url()).json()["results"] == []
