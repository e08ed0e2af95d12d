"""Snapshot plus events equals a fresh read, for every operation; and each operation changes something."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import Person, url
from tests.factories import make_room, make_user
from tidewire.jobs import slices
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)

Json = dict[str, Any]


class Copy:
    """A client's copy of a room: four REST answers, and the events after their position."""

    def __init__(self, reader: Person, room: Any) -> None:
        pages = {name: reader.get(url(room, name)).json() for name in ("messages", "members", "read")}
        self.stream = pages["messages"]["stream"]
        self.room = {key: value for key, value in reader.get(url(room)).json().items() if key != "me"}
        self.messages = {row["id"]: row for row in pages["messages"]["results"]}
        self.members = {row["user"]["id"]: row for row in pages["members"]["results"]}
        self.markers = {row["user_id"]: row for row in pages["read"]["results"]}

    @property
    def state(self) -> list[Any]:
        """The state as a client shows it: with the members' present names, also for older messages."""
        names = {id: row["user"]["name"] for id, row in self.members.items()}
        messages = {id: row | {"author": called(row["author"], names)} for id, row in self.messages.items()}
        return [self.room, messages, self.members, self.markers]

    def catch_up(self) -> int:
        """Applies the events after the copy's position, each of them twice. Returns how many there were."""
        rows = Event.objects.filter(stream__name=self.stream["channel"], offset__gt=self.stream["offset"])
        events = [json.loads(row.payload) for row in rows.order_by("offset")]
        for event in events:
            for _ in range(2):
                self.apply(event["type"], event["data"])
        return len(events)

    def apply(self, type: str, data: Json) -> None:
        if type == "message.deleted":
            self.messages.pop(data["id"], None)
        elif type == "member.left":
            self.members.pop(data["user"]["id"], None)
            self.markers.pop(data["user"]["id"], None)
        else:
            copy, key = {
                "message": (self.messages, data.get("id")),
                "reaction": (self.messages, data.get("id")),
                "member": (self.members, data.get("user", {}).get("id")),
                "read": (self.markers, data.get("user_id")),
                "room": ({}, ""),
            }[type.split(".")[0]]
            if type == "room.updated":
                self.room = data
            elif key not in copy or copy[key]["version"] <= data["version"]:
                copy[key] = data


def called(person: Json | None, names: dict[str, str]) -> Json | None:
    return person and person | {"name": names.get(person["id"], person["name"])}


class World:
    """A room with Alice (owner), Bob and Charlie, and a message of Bob's."""

    def __init__(self) -> None:
        self.alice, self.bob, self.charlie = (Person(make_user(name)) for name in ("Alice", "Bob", "Charlie"))
        self.room = make_room(self.alice.user, self.bob.user, self.charlie.user, kind="public")
        self.message = self.bob.post(url(self.room, "messages"), {"text": "Ahoy"}).json()
        self.charlie.put(self.at("reactions", "👍"))
        self.charlie.put(url(self.room, "read"), {"message": self.message["id"]})

    def at(self, *rest: str) -> str:
        return url(self.room, "messages", self.message["id"], *rest)


OPERATIONS: dict[str, Callable[[World], Any]] = {
    "say": lambda w: w.bob.post(url(w.room, "messages"), {"text": "Aye"}),
    "answer": lambda w: w.bob.post(url(w.room, "messages"), {"text": "Aye", "reply_to": w.message["id"]}),
    "mention": lambda w: w.bob.post(url(w.room, "messages"), {"text": "Aye", "mentions": [w.alice.id]}),
    "edit": lambda w: w.bob.patch(w.at(), {"text": "Ahoy!"}),
    "name anew": lambda w: w.bob.patch(w.at(), {"mentions": [w.alice.id]}),
    "delete": lambda w: w.alice.delete(w.at()),
    "react": lambda w: w.alice.put(w.at("reactions", "👍")),
    "react otherwise": lambda w: w.charlie.put(w.at("reactions", "❤️")),
    "take back": lambda w: w.charlie.delete(w.at("reactions", "👍")),
    "read": lambda w: w.alice.put(url(w.room, "read"), {"message": w.message["id"]}),
    "take another name": lambda w: w.bob.patch("/api/v1/me/", {"name": "Robert"}),
    "rename": lambda w: w.alice.patch(url(w.room), {"name": "Port"}),
    "close to guests": lambda w: w.alice.patch(url(w.room), {"kind": "private"}),
    "promote": lambda w: w.alice.patch(url(w.room, "members", w.bob.id), {"role": "admin"}),
    "hand over": lambda w: w.alice.post(url(w.room, "transfer"), {"user_id": w.bob.id}),
    "add": lambda w: w.alice.post(url(w.room, "members"), {"user_id": str(make_user().pk)}),
    "join": lambda w: Person(make_user()).post(url(w.room, "join")),
    "leave": lambda w: w.charlie.post(url(w.room, "leave")),
    "remove": lambda w: w.alice.delete(url(w.room, "members", w.charlie.id)),
    "delete an account": lambda w: w.charlie.delete("/api/v1/me/"),
}
NAMES = sorted(OPERATIONS)


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_follows(name):
    world = World()
    copy = Copy(world.alice, world.room)
    before = json.dumps(copy.state)
    assert OPERATIONS[name](world).status_code < 300
    slices.run_all()
    assert copy.catch_up() > 0
    assert copy.state == Copy(world.alice, world.room).state
    assert json.dumps(copy.state) != before


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(NAMES), min_size=2, max_size=8))
def test_a_copy_follows_any_sequence(names):
    """Operations that are refused (409, 404 …) change neither the copy nor the room."""
    world = World()
    copy = Copy(world.alice, world.room)
    for name in names:
        assert OPERATIONS[name](world).status_code < 500
    slices.run_all()
    copy.catch_up()
    assert copy.state == Copy(world.alice, world.room).state
