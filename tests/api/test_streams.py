"""streams/{name}/, and the rules of subscribing, which are the same."""

from __future__ import annotations

import pytest

from api import permissions
from api.models import User
from tests.api.conftest import MISSING, problem, url
from tests.factories import make_message


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


def test_everybody_has_a_stream_of_their_own(alice, bob):
    assert alice.get(stream(f"user:{alice.id}")).json()["channel"] == f"user:{alice.id}"
    assert problem(bob.get(stream(f"user:{alice.id}"))) == (404, "not_found")


@pytest.mark.parametrize("name", ["x", "room:", "room:x", f"room:{MISSING}", f"boat:{MISSING}", "room:1:2", "room:%00"])
def test_no_such_stream(alice, name):
    assert problem(alice.get(stream(name))) == (404, "not_found")


# -- the keys of one subscribe frame ---------------------------------------------------------------------------------


def test_many_rooms_are_asked_in_one_query(room, lobby, charlie, bob, django_assert_num_queries):
    keys = [str(room.pk), str(lobby.pk), MISSING]
    with django_assert_num_queries(1):
        assert permissions.readable_room_ids(bob.id, keys) == {str(room.pk), str(lobby.pk)}
    with django_assert_num_queries(1):
        assert permissions.readable_room_ids(charlie.id, keys) == {str(lobby.pk)}


def test_a_room_has_one_name(room, bob):
    id = str(room.pk)
    others = [id.upper(), id.replace("-", ""), f"{{{id}}}", f"urn:uuid:{id}", f" {id}", "", "x", "\0"]
    assert permissions.readable_room_ids(bob.id, [key for key in others if key != id]) == set()


@pytest.mark.parametrize("user_id", ["", "x", MISSING, "\0"])
def test_an_unknown_user_reads_nothing(lobby, user_id):
    assert permissions.readable_room_ids(user_id, [str(lobby.pk)]) == set()
    assert permissions.own_user_id(user_id, [user_id]) == set()


def test_a_closed_account_reads_nothing(room, lobby, bob):
    User.objects.filter(pk=bob.id).update(is_active=False)
    assert permissions.readable_room_ids(bob.id, [str(room.pk), str(lobby.pk)]) == set()
    assert permissions.own_user_id(bob.id, [bob.id]) == set()


def test_the_stream_of_a_user_is_theirs(alice, bob):
    assert permissions.own_user_id(alice.id, [bob.id, alice.id]) == {alice.id}
    assert permissions.own_user_id(alice.id, [bob.id]) == set()
