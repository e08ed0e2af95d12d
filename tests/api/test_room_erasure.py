"""A large room is gone for its readers at once; its rows and its log are erased in slices."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from api.models import Member, Message, MessageCounter, Reaction, ReadMarker, Room, room_erasure
from api.models.messages import Mention
from tests.api.conftest import Person, problem, url
from tests.api.test_keys import make_key
from tests.factories import make_message
from tidewire.jobs import slices
from tidewire.log import erasure
from tidewire.log.tables import Event, Stream
from tidewire.models import Job, WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "quuxian secret"


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch) -> None:
    monkeypatch.setattr(room_erasure, "SLICE", 5)
    monkeypatch.setattr(room_erasure, "MEMBERS_AT_ONCE", 1)
    monkeypatch.setattr(erasure, "BATCH", 5)
    monkeypatch.setattr(erasure, "LONG_STREAM", 10)


@pytest.fixture
def full(room, alice, bob) -> Room:
    """The room with messages that refer to each other, and all that belongs to them."""
    first = make_message(room, alice.user, f"{SECRET} 0")
    for number in range(1, 12):
        make_message(room, bob.user, f"{SECRET} {number}", reply_to=first)
    for message in Message.objects.filter(room=room)[:7]:
        alice.put(url(room, "messages", message.pk, "reactions", "👍"))
    Mention.objects.bulk_create(Mention(message=message, user=alice.user) for message in Message.objects.all()[:7])
    bob.put(url(room, "read"), {"message": str(first.pk)})
    return room


def assert_gone(room: Room, *people: Person) -> None:
    for person in people:
        for path in ("messages", "members"):
            assert problem(person.get(url(room, path))) == (404, "not_found")
        assert problem(person.get(url(room)))[0] == 404
        assert problem(person.post(url(room, "messages"), {"text": "late"}))[0] == 404
        assert problem(person.get(f"/api/v1/streams/room:{room.pk}/events/"))[0] == 404
        assert person.get(url()).json()["results"] == []
        assert person.get("/api/v1/rooms/?discover=true").json()["results"] == []


@pytest.mark.parametrize("kind", ["private", "public"])
def test_a_large_room_is_gone_at_once_and_erased_in_slices(full, alice, bob, charlie, kind, tmp_path):
    Room.objects.filter(pk=full.pk).update(kind=kind)
    key = make_key(alice, scopes=["messages:read"], stream=f"room:{full.pk}")
    webhook = alice.post("/api/v1/webhooks/", {"url": "https://example.com/", "streams": [f"room:{full.pk}"]}).json()
    assert alice.delete(url(full)).status_code == 204
    # The answer to an attempt that was under way meanwhile, with an event that is not rewritten yet.
    place = {"stream": Stream.objects.get(name=f"room:{full.pk}"), "first_offset": 3, "last_offset": 3}
    WebhookDelivery.objects.create(endpoint_id=webhook["id"], message_id="late", answer=SECRET, **place)
    stream = Event.objects.filter(stream__name=f"room:{full.pk}").order_by("offset")
    last = stream.last()
    assert (last.type, last.ends_access) == ("room.deleted", "*")
    assert json.loads(last.payload)["data"] == {"id": str(full.pk)}
    assert key.get(url(full, "messages")).status_code == 401
    assert_gone(full, alice, bob, charlie)
    assert slices.pending()["erase_room"] == 1

    while Job.objects.exists():
        before = Message.objects.count()
        assert slices.run_slice()
        assert before - Message.objects.count() <= room_erasure.SLICE
        assert_gone(full, alice, bob, charlie)
    call_command("dumpdata", output=str(tmp_path / "all.json"))
    assert SECRET not in (tmp_path / "all.json").read_text()
    left = [model.objects.count() for model in (Room, Member, Message, Mention, Reaction, ReadMarker, MessageCounter)]
    assert left == [0] * 7
    types = set(stream.values_list("type", flat=True))
    assert types <= {"room.deleted", "member.left"}, "keys only"
    assert stream.filter(type="room.deleted").last().offset == last.offset
    for person in (alice, bob):
        types = (
            Event.objects.filter(stream__name=f"user:{person.id}").order_by("-offset").values_list("type", flat=True)
        )
        assert types[0] == "room.left"


def test_a_direct_room_can_be_made_again_at_once(alice, bob):
    made = alice.post(url(), {"kind": "direct", "user_id": bob.id}).json()
    room = Room.objects.get(pk=made["id"])
    for _ in range(9):
        make_message(room, alice.user)
    room.delete()
    again = alice.post(url(), {"kind": "direct", "user_id": bob.id})
    assert (again.status_code, again.json()["id"] != made["id"]) == (201, True)
    slices.run_all()
    assert [str(pk) for pk in Room.objects.values_list("pk", flat=True)] == [again.json()["id"]]
