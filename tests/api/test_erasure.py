"""DELETE me/: what is deleted with an account, also from the log."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from api.models import Member, Mention, Message, Reaction, ReadMarker, Room, Session, User
from tests.api.conftest import Person, problem, url
from tests.factories import add_member, make_message, make_room, make_user
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)

ME = "/api/v1/me/"


def roles(room: Room) -> dict[str, str]:
    return dict(room.members.values_list("user__name", "role"))


def test_nothing_of_a_person_is_left(tmp_path):
    alice, bob = Person(make_user("Alice")), Person(make_user("Robert Quux", email="quux@example.com"))
    room = make_room(alice.user, bob.user)
    hers = alice.post(url(room, "messages"), {"text": "Ahoy", "mentions": [bob.id]}).json()
    his = bob.post(url(room, "messages"), {"text": "quuxian secret", "mentions": [alice.id]}).json()
    bob.patch(url(room, "messages", his["id"]), {"text": "quuxian secret, edited"})
    alice.put(url(room, "messages", his["id"], "reactions", "👍"))
    bob.put(url(room, "messages", hers["id"], "reactions", "❤️"))
    bob.put(url(room, "read"), {"message": hers["id"]})
    bob.patch(ME, {"name": "Quux the Second"})
    response = bob.delete(ME)
    assert (response.status_code, response.content) == (204, b"")
    call_command("dumpdata", output=str(tmp_path / "all.json"))
    left = (tmp_path / "all.json").read_text().lower()
    assert "quux" not in left
    assert not Event.objects.filter(actor=bob.id).exists()
    assert not Event.objects.filter(payload__contains=f'"actor":{{"type":"user","id":"{bob.id}"').exists()
    assert [model.objects.count() for model in (User, Member, Mention, Reaction, ReadMarker)] == [1, 1, 0, 0, 0]
    assert set(Session.objects.values_list("user", flat=True)) == {alice.user.pk}
    assert problem(bob.get(ME))[0] == 401
    messages = alice.get(url(room, "messages")).json()["results"]
    assert [(m["id"], m["reactions"]) for m in messages] == [(hers["id"], [])]


def test_the_events_of_an_erasure_are_the_systems(room, bob, alice):
    old_message = make_message(room, bob.user)
    hers = make_message(room, alice.user)
    bob.put(url(room, "messages", hers.pk, "reactions", "👍"))
    last = Event.objects.filter(stream__name=f"room:{room.pk}").count()
    bob.delete(ME)
    rows = Event.objects.filter(stream__name=f"room:{room.pk}", offset__gt=last).order_by("offset")
    events = [json.loads(row.payload) for row in rows]
    assert {event["type"] for event in events} == {"message.deleted", "reaction.removed", "member.left"}
    assert {event["actor"]["id"] for event in events} == {None}
    deleted = next(event["data"] for event in events if event["type"] == "message.deleted")
    assert deleted["id"] == str(old_message.pk)


def test_earlier_deletions_make_no_event_again(room, bob):
    make_message(room, bob.user).soft_delete()
    bob.delete(ME)
    assert Event.objects.filter(type="message.deleted").exclude(payload__contains='"id":null').count() <= 2
    last = Event.objects.filter(stream__name=f"room:{room.pk}").order_by("-offset").first()
    assert last.type == "member.left"
    assert Message.objects.get().author is None


def test_the_sockets_close(bob):
    bob.delete(ME)
    endings = [json.loads(row.payload)["data"] for row in Event.objects.filter(stream__name="revocations:all")]
    assert [ending["user"] for ending in endings] == [bob.id]


def test_the_admin_of_longest_standing_inherits(alice):
    room = make_room(alice.user)
    for name, role in [("Member", "member"), ("First", "admin"), ("Second", "admin")]:
        add_member(room, make_user(name), role)
    alice.delete(ME)
    assert roles(room) == {"Member": "member", "First": "owner", "Second": "admin"}


def test_without_admins_the_oldest_member_inherits(alice):
    room = make_room(alice.user)
    add_member(room, make_user("Closed", is_active=False))
    for name in ("First", "Second"):
        add_member(room, make_user(name))
    alice.delete(ME)
    assert roles(room) == {"Closed": "member", "First": "owner", "Second": "member"}


def test_another_owner_is_enough(alice, bob):
    room = make_room(alice.user)
    add_member(room, make_user("Admin"), "admin")
    add_member(room, bob.user, "owner")
    alice.delete(ME)
    assert roles(room) == {"Admin": "admin", "Bob": "owner"}


def test_an_empty_room_is_deleted(alice):
    room = make_room(alice.user)
    make_message(room, alice.user)
    alice.delete(ME)
    assert not Room.objects.exists()
    assert Event.objects.filter(stream__name=f"room:{room.pk}", type="room.deleted").exists()


def test_a_direct_room_stays_with_the_other(alice, bob):
    room = alice.post(url(), {"kind": "direct", "user_id": bob.id}).json()
    mine = bob.post(f"/api/v1/rooms/{room['id']}/messages/", {"text": "Ahoy"}).json()
    alice.delete(ME)
    assert bob.get(f"/api/v1/rooms/{room['id']}/messages/").json()["results"][0]["id"] == mine["id"]
    bob.delete(ME)
    assert not Room.objects.exists()


def test_another_version_is_refused(alice):
    assert problem(alice.delete(ME, headers={"If-Match": '"2"'})) == (412, "version_mismatch")
    assert alice.delete(ME, headers={"If-Match": '"1"'}).status_code == 204


def test_an_account_is_deleted_by_its_owner_only(anybody, db):
    assert problem(anybody.delete(ME)) == (401, "not_authenticated")


def test_an_erasure_of_many_messages_takes_few_statements(alice, bob):
    from tests.api.conftest import statements

    room = make_room(bob.user, alice.user)
    Message.objects.bulk_create(Message(room=room, author=alice.user, text="x") for _ in range(50))
    assert statements(lambda: alice.delete(ME)) < 200
    assert not Message.objects.exclude(text="").exists()
