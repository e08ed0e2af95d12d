"""rooms/{id}/read/, and the unread count of a room."""

from __future__ import annotations

import contextlib

import pytest
from django.db import transaction

from api.models import Member, Message, MessageCounter, ReadMarker, Room
from tests.api.conftest import MISSING, pointers, problem, recording, statements, url
from tests.factories import add_member, make_message, make_room, make_user

pytestmark = pytest.mark.django_db(transaction=True)  # messages are numbered at COMMIT


def unread(person, room: Room) -> int | None:
    """Returns the count in the detail, which the list must have, too."""
    count = person.get(url(room)).json()["me"]["unread_count"]
    listed = {each["id"]: each["me"] for each in person.get(url()).json()["results"]}
    assert str(room.pk) not in listed or listed[str(room.pk)]["unread_count"] == count
    return count


def read(person, message):
    return person.put(url(message.room, "read"), {"message": str(message.pk)})


def test_the_first_marker_and_the_next(room, alice, bob):
    one, two = make_message(room, alice.user), make_message(room, alice.user)
    first = read(bob, one).json()
    assert first == {
        "room": str(room.pk),
        "user_id": bob.id,
        "message": str(one.pk),
        "at": first["at"],
        "version": 1,
    }
    second = read(bob, two).json()
    assert (second["message"], second["version"]) == (str(two.pk), 2)
    assert second["at"] > first["at"]
    assert unread(bob, room) == 0


def test_it_only_goes_forward(room, alice, bob):
    one, two = make_message(room, alice.user), make_message(room, alice.user)
    latest = read(bob, two).json()
    assert read(bob, one).json() == read(bob, two).json() == latest
    assert ReadMarker.objects.count() == 1


def test_the_list_has_all_markers_in_the_order_of_reading(room, alice, bob, dora, charlie):
    message = make_message(room, alice.user)
    markers = [read(person, message).json() for person in (dora, bob)]
    response = alice.get(url(room, "read"))
    assert response.json()["results"] == markers
    assert response.json()["stream"]["channel"] == f"room:{room.pk}"
    markers = [markers[1], read(dora, make_message(room, alice.user)).json()]
    assert alice.get(url(room, "read")).json()["results"] == markers


def test_readers_see_markers_and_members_move_them(room, lobby, alice, charlie, anybody):
    private, public = make_message(room, alice.user), make_message(lobby, alice.user)
    assert problem(read(charlie, private)) == (404, "not_found")
    assert problem(charlie.get(url(room, "read"))) == (404, "not_found")
    assert problem(read(charlie, public)) == (403, "permission_denied")
    assert charlie.get(url(lobby, "read")).json()["results"] == []
    assert problem(read(anybody, public)) == (401, "not_authenticated")
    assert problem(anybody.get(url(lobby, "read"))) == (401, "not_authenticated")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("/message", "required")]),
        ({"message": None}, [("/message", "null")]),
        ({"message": "x"}, [("/message", "invalid")]),
        ({"message": 5}, [("/message", "invalid")]),
        ({"message": MISSING}, [("/message", "does_not_exist")]),
    ],
)
def test_an_invalid_message(room, bob, body, expected):
    assert pointers(bob.put(url(room, "read"), body)) == expected


def test_a_message_of_another_room_is_none(room, lobby, bob):
    body = {"message": str(make_message(lobby, bob.user).pk)}
    assert pointers(bob.put(url(room, "read"), body)) == [("/message", "does_not_exist")]


def test_a_deleted_message_has_been_read_all_the_same(room, alice, bob):
    message = make_message(room, alice.user)
    message.soft_delete()
    assert read(bob, message).status_code == 200


def test_leaving_deletes_the_marker_and_coming_back_starts_anew(lobby, alice, charlie):
    charlie.post(url(lobby, "join"))
    read(charlie, make_message(lobby, alice.user))
    charlie.post(url(lobby, "leave"))
    assert not ReadMarker.objects.exists()
    make_message(lobby, alice.user)
    charlie.post(url(lobby, "join"))
    assert unread(charlie, lobby) == 0


# -- unread --------------------------------------------------------------------------------------------------------


def test_others_messages_are_unread_until_they_are_read(room, alice, bob):
    messages = [make_message(room, alice.user) for _ in range(3)]
    assert (unread(bob, room), unread(alice, room)) == (3, 0)
    read(bob, messages[1])
    assert unread(bob, room) == 1
    read(bob, messages[2])
    assert unread(bob, room) == 0


def test_own_messages_are_not_unread(room, alice, bob):
    make_message(room, alice.user)
    make_message(room, bob.user)
    make_message(room, alice.user)
    assert (unread(alice, room), unread(bob, room)) == (1, 2)


def test_deleted_messages_are_not_unread(room, alice, bob):
    mine, theirs, other = (make_message(room, person.user) for person in (bob, alice, alice))
    nobodys = make_message(room, None)
    assert unread(bob, room) == 3
    for message, left in [(theirs, 2), (mine, 2), (nobodys, 1), (other, 0)]:
        message.soft_delete()
        assert unread(bob, room) == left


def test_messages_before_joining_are_not_unread(lobby, alice, charlie):
    old = make_message(lobby, alice.user)
    assert unread(charlie, lobby) is None  # a guest
    charlie.post(url(lobby, "join"))
    assert unread(charlie, lobby) == 0
    make_message(lobby, alice.user)
    assert unread(charlie, lobby) == 1
    read(charlie, old)
    assert unread(charlie, lobby) == 1


def test_rooms_are_counted_apart(room, lobby, alice, bob):
    make_message(room, alice.user)
    assert (unread(bob, room), unread(bob, lobby)) == (1, 0)


def test_answers_to_writes_have_the_count_too(room, alice, bob):
    make_message(room, bob.user)
    assert alice.patch(url(room), {"name": "Port"}).json()["me"] == {"role": "owner", "unread_count": 1}


@pytest.mark.parametrize("rows", [1, 3])
def test_counting_costs_no_query_of_its_own(alice, rows, django_assert_num_queries):
    alice.get(url())
    for _ in range(rows):
        room = make_room(alice.user)
        for author in (alice.user, make_user(), None):
            make_message(room, author).soft_delete()
            make_message(room, author)
    with django_assert_num_queries(3):  # user, position, rooms
        page = alice.get(url()).json()["results"]
    assert [each["me"]["unread_count"] for each in page] == [2] * rows


# -- what a message costs ------------------------------------------------------------------------------------------


def test_a_message_costs_the_same_in_a_room_of_two_and_of_a_thousand(alice, bob):
    small, large = make_room(alice.user, bob.user), make_room(alice.user, bob.user)
    from api.models import User

    crowd = User.objects.bulk_create(User(name=str(n), email=f"{n}@example.com") for n in range(998))
    Member.objects.bulk_create(Member(room=large, user=user, read_from=0) for user in crowd)
    for room in (small, large):
        # caller; membership; message; counter, number; re-read; heads and events
        assert statements(lambda r=room: bob.post(url(r, "messages"), {"text": "x"})) == 6 + recording()
        message = room.messages.get()
        # caller; membership; message; marker before; marker; re-read, for each stream; heads; events
        assert statements(lambda m=message: read(bob, m)) == 7 + recording()
        reaction = url(room, "messages", message.pk, "reactions", "👍")
        assert statements(lambda r=reaction: alice.put(r)) == 10 + recording()
    assert large.members.count() == 1000


def test_numbers_count_the_messages_of_a_room(room, lobby, alice):
    add_member(make_room(), alice.user)
    for target in (room, lobby, room):
        make_message(target, alice.user)
    Message.objects.bulk_create(Message(room=r, author=alice.user, text="x") for r in (room, lobby, room))
    assert list(room.messages.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4]
    assert list(lobby.messages.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_a_message_that_does_not_survive_its_transaction_gets_no_number(room, lobby, alice):
    """A savepoint that is rolled back, a deleted message, a deleted room."""
    with transaction.atomic():
        kept = [make_message(room, alice.user), make_message(lobby, alice.user)]
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            make_message(room, alice.user)
            raise ZeroDivisionError
        make_message(room, alice.user).delete()
        gone = make_room(alice.user)
        make_message(gone, alice.user)
        gone.delete()
        kept.append(make_message(room, alice.user))
    assert [Message.objects.get(pk=message.pk).number for message in kept] == [1, 1, 2]
    assert dict(MessageCounter.objects.values_list("room", "total")) == {room.pk: 2, lobby.pk: 1}


def test_saving_again_does_not_number_again(room, alice):
    message = make_message(room, alice.user)
    message.edit("new")
    Message.objects.bulk_create([Message(pk=message.pk, room=room, text="newer")], ignore_conflicts=True)
    assert Message.objects.get(pk=message.pk).number == MessageCounter.total_of(room.pk, "default") == 1
