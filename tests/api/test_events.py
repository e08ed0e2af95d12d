"""Which events each write makes: these and no others, each as openapi.yaml describes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone

from api.models import Member, Room
from tests.api.conftest import Person, url
from tests.factories import make_message
from tests.rig.openapi import check_event
from tidewire.jobs import slices
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)


class Log:
    """The events that were recorded since this object was made."""

    def __init__(self) -> None:
        self.seen = set(Event.objects.values_list("pk", flat=True))

    def new_events(self) -> list[tuple[str, str, Any]]:
        """Returns (stream, type, data) of each new event, in the order of its stream."""
        rows = Event.objects.exclude(pk__in=self.seen).order_by("stream__name", "offset").select_related("stream")
        self.rows, self.events = list(rows), [json.loads(row.payload) for row in rows]
        for event in self.events:
            check_event(event)
        return [(row.stream.name, row.type, event["data"]) for row, event in zip(self.rows, self.events, strict=True)]

    @property
    def actors(self) -> set[str]:
        return {event["actor"]["id"] for event in self.events}

    def ends_access(self, type: str) -> set[str]:
        """Returns the users whose access is checked again after new events of this type."""
        return {row.ends_access for row in self.rows if row.type == type}


def as_everybody(room: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in room.items() if name != "me"}


def positions(response: Any) -> set[str]:
    return {part.split(";")[0] for part in response["Tidewire-Position"].split(", ")}


@pytest.fixture
def harbour(room) -> str:
    return f"room:{room.pk}"


def test_saying_something(room, harbour, bob):
    log = Log()
    response = bob.post(url(room, "messages"), {"text": "Ahoy"})
    assert log.new_events() == [(harbour, "message.created", response.json())]
    assert log.actors == {bob.id}
    position = bob.get(f"/api/v1/streams/{harbour}/").json()
    header = f"{harbour}; epoch={position['epoch']}; offset={position['offset']}"
    assert response["Tidewire-Position"] == header


def test_saying_it_twice_with_one_id(room, bob):
    first = bob.post(url(room, "messages"), {"text": "Ahoy", "id": "0197a000-0000-7000-8000-000000000000"})
    log = Log()
    second = bob.post(url(room, "messages"), {"text": "Ahoy", "id": first.json()["id"]})
    assert log.new_events() == []
    assert "Tidewire-Position" not in second


def test_editing(room, harbour, bob):
    message = make_message(room, bob.user)
    log = Log()
    response = bob.patch(url(room, "messages", message.pk), {"text": "Ahoy!"})
    assert log.new_events() == [(harbour, "message.edited", response.json())]


def test_deleting(room, harbour, bob, alice):
    message = make_message(room, bob.user)
    log = Log()
    response = alice.delete(url(room, "messages", message.pk))
    message.refresh_from_db()
    deleted_at = message.deleted_at.isoformat().replace("+00:00", "Z")
    data = {"id": str(message.pk), "room": str(room.pk), "deleted_at": deleted_at, "version": 2}
    assert log.new_events() == [(harbour, "message.deleted", data)]
    assert log.actors == {alice.id}
    assert positions(response) == {harbour}


def test_reacting(room, harbour, alice, bob):
    message = make_message(room, bob.user)
    path = url(room, "messages", message.pk, "reactions", "👍")
    log = Log()
    response = alice.put(path)
    assert log.new_events() == [(harbour, "reaction.added", response.json())]
    assert log.actors == {alice.id}
    assert positions(response) == {harbour}
    log = Log()
    alice.put(path)
    assert log.new_events() == []
    response = alice.delete(path)
    assert log.new_events() == [(harbour, "reaction.removed", alice.get(url(room, "messages", message.pk)).json())]
    assert positions(response) == {harbour}
    log = Log()
    alice.delete(path)
    assert log.new_events() == []


def test_deleting_a_message_with_reactions_is_one_event(room, harbour, alice, bob):
    message = make_message(room, bob.user)
    for person in (alice, bob):
        person.put(url(room, "messages", message.pk, "reactions", "👍"))
    log = Log()
    bob.delete(url(room, "messages", message.pk))
    assert [(name, type) for name, type, _ in log.new_events()] == [(harbour, "message.deleted")]
    assert not Event.objects.filter(payload__contains="👍").exists()


def test_mentioning(room, harbour, alice, bob):
    log = Log()
    response = bob.post(url(room, "messages"), {"text": "Ahoy", "mentions": [alice.id]})
    message = response.json()
    assert log.new_events() == [
        (harbour, "message.created", message),
        (f"user:{alice.id}", "mention.created", {"room": str(room.pk), "message": message["id"]}),
    ]
    assert positions(response) == {harbour}  # not Alice's stream, whose position is hers to know


def test_reading(room, harbour, alice, bob):
    message = make_message(room, alice.user)
    log = Log()
    response = bob.put(url(room, "read"), {"message": str(message.pk)})
    marker = response.json()
    assert log.new_events() == [(harbour, "read.updated", marker), (f"user:{bob.id}", "read.updated", marker)]
    assert positions(response) == {harbour, f"user:{bob.id}"}
    log = Log()
    bob.put(url(room, "read"), {"message": str(message.pk)})
    assert log.new_events() == []
    next = make_message(room, alice.user)
    log = Log()
    marker = bob.put(url(room, "read"), {"message": str(next.pk)}).json()
    assert log.new_events() == [(harbour, "read.updated", marker), (f"user:{bob.id}", "read.updated", marker)]


def test_handing_a_room_over(room, harbour, alice, bob):
    log = Log()
    heir = alice.post(url(room, "transfer"), {"user_id": bob.id}).json()
    former = alice.get(url(room, "members", alice.id)).json()
    assert (heir["role"], former["role"]) == ("owner", "admin")
    assert log.new_events() == [(harbour, "member.updated", heir), (harbour, "member.updated", former)]


def test_opening_a_room(alice):
    log = Log()
    response = alice.post(url(), {"name": "Port"})
    room = response.json()
    member = alice.get(f"/api/v1/rooms/{room['id']}/members/{alice.id}/").json()
    assert log.new_events() == [
        (f"room:{room['id']}", "member.joined", member),
        (f"user:{alice.id}", "room.joined", as_everybody(room)),
    ]
    assert positions(response) == {f"room:{room['id']}", f"user:{alice.id}"}


def test_opening_a_direct_room(alice, bob):
    log = Log()
    response = alice.post(url(), {"kind": "direct", "user_id": bob.id})
    room = as_everybody(response.json())
    stream = f"room:{room['id']}"
    new_events = log.new_events()
    assert sorted((name, type) for name, type, _ in new_events) == sorted(
        [
            (stream, "member.joined"),
            (stream, "member.joined"),
            (f"user:{alice.id}", "room.joined"),
            (f"user:{bob.id}", "room.joined"),
        ]
    )
    assert [data for name, _, data in new_events if name.startswith("user:")] == [room, room]
    assert positions(response) == {stream, f"user:{alice.id}"}  # not Bob's stream, whose position is his to know
    log = Log()
    bob.post(url(), {"kind": "direct", "user_id": alice.id})
    assert log.new_events() == []


def test_renaming(room, harbour, alice):
    log = Log()
    response = alice.patch(url(room), {"name": "Port"})
    assert log.new_events() == [(harbour, "room.updated", as_everybody(response.json()))]
    assert log.ends_access("room.updated") == {"*"}


def test_joining(lobby, charlie):
    log = Log()
    member = charlie.post(url(lobby, "join")).json()
    room = as_everybody(charlie.get(url(lobby)).json())
    assert log.new_events() == [
        (f"room:{lobby.pk}", "member.joined", member),
        (f"user:{charlie.id}", "room.joined", room),
    ]
    log = Log()
    charlie.post(url(lobby, "join"))
    assert log.new_events() == []


def test_adding(room, harbour, alice, charlie):
    log = Log()
    response = alice.post(url(room, "members"), {"user_id": charlie.id})
    assert [(name, type) for name, type, _ in log.new_events()] == [
        (harbour, "member.joined"),
        (f"user:{charlie.id}", "room.joined"),
    ]
    assert log.actors == {alice.id}
    assert positions(response) == {harbour}


def test_giving_a_role(room, harbour, alice, bob):
    log = Log()
    response = alice.patch(url(room, "members", bob.id), {"role": "admin"})
    assert log.new_events() == [(harbour, "member.updated", response.json())]
    assert log.ends_access("member.updated") == {""}


@pytest.mark.parametrize("how", ["leave", "remove"])
def test_leaving_and_being_removed(room, harbour, alice, bob, how):
    log = Log()
    if how == "leave":
        bob.post(url(room, "leave"))
    else:
        alice.delete(url(room, "members", bob.id))
    assert log.new_events() == [
        (harbour, "member.left", {"user": {"id": bob.id}}),
        (f"user:{bob.id}", "room.left", {"id": str(room.pk)}),
    ]
    assert log.ends_access("member.left") == {bob.id}


def test_deleting_a_room(room, harbour, alice, dora, bob):
    message = make_message(room, bob.user)
    alice.put(url(room, "messages", message.pk, "reactions", "👍"))
    bob.put(url(room, "read"), {"message": str(message.pk)})
    log = Log()
    alice.delete(url(room))
    new_events = log.new_events()
    assert [(name, data) for name, type, data in new_events if type == "room.deleted"] == [
        (harbour, {"id": str(room.pk)})
    ]
    assert {type for _, type, _ in new_events} == {"room.deleted", "room.left"}
    people = {(name, type) for name, type, _ in new_events if name.startswith("user:")}
    assert people == {(f"user:{person.id}", "room.left") for person in (alice, dora, bob)}
    assert log.ends_access("room.deleted") == {"*"}


def test_a_refused_write_makes_no_event(room, bob, charlie):
    log = Log()
    bob.post(url(room, "messages"), {"text": ""})
    bob.patch(url(room), {"name": "Mine"})
    charlie.post(url(room, "messages"), {"text": "x"})
    assert log.new_events() == []


def test_changing_my_name_is_no_event_yet(alice):
    log = Log()
    alice.patch("/api/v1/me/", {"name": "Alice B."})
    assert log.new_events() == []


def test_the_admin_and_the_shell_make_events_too(room, harbour, bob):
    log = Log()
    member = Member.objects.get(room=room, user=bob.user)
    member.role = Member.Role.ADMIN
    member.save()
    Room.objects.filter(pk=room.pk).update(name="Port")
    assert [(name, type) for name, type, _ in log.new_events()] == [
        (harbour, "member.updated"),
        (harbour, "room.updated"),
    ]
    assert log.actors == {None}


def test_the_list_position_is_the_streams_head(room, bob):
    for _ in range(3):
        bob.post(url(room, "messages"), {"text": "x"})
    stream = bob.get(url(room, "messages")).json()["stream"]
    assert stream["offset"] == Event.objects.filter(stream__name=stream["channel"]).count()


def test_signing_in_is_no_change_of_the_user(alice: Person):
    from tests.factories import PASSWORD

    alice.post("/api/v1/token/", {"email": alice.user.email, "password": PASSWORD})
    assert alice.get("/api/v1/me/").json()["version"] == 1


def test_a_new_name_is_an_event_of_each_of_the_users_rooms(room, lobby, harbour, bob, alice):
    """One event per room, however many members it has. An unchanged name makes none."""
    log = Log()
    response = bob.patch("/api/v1/me/", {"name": "Robert"})
    assert ("Tidewire-Position" in response, log.new_events()) == (False, [])
    slices.run_all()
    shown = {f"room:{place.pk}": alice.get(url(place, "members", bob.id)).json() for place in (room, lobby)}
    assert {(name, type) for name, type, _ in log.new_events()} == {(name, "member.updated") for name in shown}
    assert [data for _, _, data in log.new_events()] == [shown[name] for name in sorted(shown)]
    assert (shown[harbour]["user"]["name"], shown[harbour]["version"]) == ("Robert", 2)
    assert log.ends_access("member.updated") == {""}
    log = Log()
    bob.patch("/api/v1/me/", {"name": "Robert"})
    slices.run_all()
    assert log.new_events() == []


def test_signing_in_makes_no_event_in_a_room(room, bob):
    log = Log()
    bob.user.last_login = timezone.now()
    bob.user.save(update_fields=["last_login"])
    bob.user.save()
    assert log.new_events() == []
