"""Erased means erased: what was deleted leaves the log, and the log stays gapless."""

import json

import pytest

from tests.factories import make_message, make_room, make_user
from tidewire.ground.actors import Actor, acting_as
from tidewire.log import erasure
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "the text nobody may read again"


def log_of(stream):
    rows = Event.objects.filter(stream__name=stream).order_by("offset")
    return [(row.offset, row.type, json.loads(row.payload)) for row in rows]


@pytest.fixture
def alice():
    return make_user("Alice")


@pytest.fixture
def room(alice):
    return make_room(alice)


def test_a_deleted_message_leaves_the_log(alice, room):
    message = make_message(room, alice, SECRET)
    message.text = SECRET + "!"
    message.save()
    before = log_of(f"room:{room.id}")
    message.delete()
    after = log_of(f"room:{room.id}")

    assert [(offset, type) for offset, type, _ in after] == [
        (1, "member.joined"),
        (2, "message.deleted"),
        (3, "message.deleted"),
        (4, "message.deleted"),
    ]
    assert not Event.objects.filter(payload__contains=SECRET).exists()
    for (_, _, was), (_, _, now) in zip(before, after, strict=False):
        assert (now["id"], now["at"], now["actor"]) == (was["id"], was["at"], was["actor"])
    assert after[1][2]["data"] == after[3][2]["data"]


def test_other_messages_stay(alice, room):
    kept = make_message(room, alice, "kept")
    make_message(room, alice, SECRET).delete()
    assert log_of(f"room:{room.id}")[1][2]["data"]["text"] == kept.text


def test_a_room_that_is_deleted_has_one_event_and_keeps_nothing(alice, room):
    for number in range(5):
        make_message(room, alice, f"{SECRET} {number}")
    stream, user_stream = f"room:{room.id}", f"user:{alice.id}"
    id = str(room.id)
    room.delete()

    assert [(offset, type, event["data"]) for offset, type, event in log_of(stream)] == [
        (offset, "room.deleted", {"id": id}) for offset in range(1, 8)
    ]
    assert [type for _, type, _ in log_of(user_stream)] == ["room.left", "room.left"]
    assert not Event.objects.filter(payload__contains=SECRET).exists()


def test_a_forgotten_actor_has_no_id(alice, room):
    with acting_as(Actor("user", str(alice.id))):
        make_message(room, alice)
    assert erasure.forget_actor(str(alice.id), "default") == 1
    assert not Event.objects.filter(actor=str(alice.id)).exists()
    assert log_of(f"room:{room.id}")[1][2]["actor"] == {"type": "user", "id": None}
