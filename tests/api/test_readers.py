"""A room's readers: both functions that answer it agree."""

import pytest

from api import permissions
from api.models import Room
from tests.factories import make_room, make_user
from tidewire.engine.access import permitted, permitted_all

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", [Room.Kind.PRIVATE, Room.Kind.PUBLIC])
def test_both_questions_have_one_answer(kind, django_assert_num_queries):
    alice, bob, charlie, gone = make_user(), make_user(), make_user(), make_user(is_active=False)
    room = make_room(alice, bob, gone, kind=kind)
    make_room(charlie)
    everyone = [str(user.id) for user in (alice, bob, charlie, gone)]

    with django_assert_num_queries(1):
        readers = permissions.readers(Room, str(room.id), everyone)
    assert readers == {id for id in everyone if permissions.readable_ids(Room, id, [str(room.id)])}
    assert readers == {str(u.id) for u in ((alice, bob, charlie) if kind == Room.Kind.PUBLIC else (alice, bob))}


def test_a_missing_room_has_no_readers():
    alice = make_user()
    assert permissions.readers(Room, "no-room", [str(alice.id)]) == set()
    assert permissions.readers(Room, str(alice.id), [str(alice.id), "nobody"]) == set()


def test_many_users_are_answered_as_each_alone(django_assert_max_num_queries):
    people = [make_user() for _ in range(6)]
    rooms = [make_room(people[0], *people[1:3]), make_room(people[1], kind="public"), make_room(people[2])]
    names = [*(f"room:{room.pk}" for room in rooms), f"user:{people[3].pk}", "room:none", "none:none"]
    requests = [(str(person.pk), names) for person in people] + [(str(people[0].pk), names[:1]), ("nobody", names)]
    with django_assert_max_num_queries(4 + len(people)):  # one per shared stream, and one per id that may be a user's
        answers = permitted_all(requests)
    assert answers == [permitted(user_id, asked) for user_id, asked in requests]
    assert [len(answer) for answer in answers] == [2, 2, 3, 2, 1, 1, 1, 0]
