"""Old snapshot + events = fresh read, after any sequence of writes by any path; and not, when an event is missing."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from api.models import Member, Message, Room, User
from tests.factories import make_user
from tests.rig.verify import IS_VERIFY
from tidewire.ground.positions import Entry
from tidewire.log import heads, pages

pytestmark = pytest.mark.django_db(transaction=True)
EXAMPLES = 300 if IS_VERIFY else 25
Json = dict[str, Any]


class MissingError(AssertionError):
    """An event is missing between a copy's position and the next event."""


# -- a reader's copy -------------------------------------------------------------------------------------------------


@dataclass
class Copy:
    """A client's copy of one stream: a snapshot, to which events are applied by key."""

    offset: int
    state: dict[str, dict[str, Json]] = field(default_factory=dict)

    def apply(self, entry: Entry) -> None:
        if entry.offset != self.offset + 1:
            raise MissingError(f"{entry.offset} after {self.offset}")
        self.offset = entry.offset
        event = json.loads(entry.payload)
        TABLES[event["type"]](self.state, event["data"])

    def apply_all(self, entries: list[Entry]) -> Copy:
        follower = copy.deepcopy(self)
        for entry in entries:
            follower.apply(entry)
        return follower


def put(table: str, key: Callable[[Json], str]) -> Callable[[dict, Json], None]:
    return lambda state, data: state[table].update({key(data): data})


def remove(table: str, key: Callable[[Json], str]) -> Callable[[dict, Json], None]:
    return lambda state, data: state[table].pop(key(data), None) and None


def by_id(data: Json) -> str:
    return data["id"]


def by_user(data: Json) -> str:
    return data["user"]["id"]


TABLES: dict[str, Callable[[dict, Json], None]] = {
    "message.created": put("messages", by_id),
    "message.edited": put("messages", by_id),
    "message.deleted": remove("messages", by_id),
    "member.joined": put("members", by_user),
    "member.updated": put("members", by_user),
    "member.left": remove("members", by_user),
    "room.updated": put("room", by_id),
    "room.deleted": lambda state, data: [state[table].clear() for table in ("messages", "members", "room")] and None,
    "room.joined": lambda state, data: state["rooms"].update({data["id"]: {}}),
    "room.left": remove("rooms", by_id),
}


# -- people, rooms, and what may happen to them ----------------------------------------------------------------------


class World:
    """Two rooms of Alice, and other users, who join and leave."""

    def __init__(self) -> None:
        self.alice = make_user("Alice")
        self.others = [make_user(name) for name in ("Bob", "Carol")]
        self.client = APIClient()
        self.client.force_authenticate(self.alice)
        self.rooms = [self.rest("post", "", {"name": name, "kind": "public"})["id"] for name in ("one", "two")]

    def rest(self, method: str, path: str, body: Json | None = None) -> Any:
        """Returns the JSON of any answer: some of these writes are refused, and must then be no event."""
        response = getattr(self.client, method)(f"/api/v1/rooms/{path}", body)
        assert response.status_code < 500, response.content
        return response.json() if response.content else None

    def all(self, path: str) -> tuple[list[Json], Json]:
        """Returns every row of a list, and the position of its first page."""
        answer = self.rest("get", f"{path}{'&' if '?' in path else '?'}limit=100")
        assert answer["next"] is None
        return answer["results"], answer["stream"]

    def room(self, room: str) -> Copy:
        if not Room.objects.filter(pk=room).exists():
            return Copy(heads.position(f"room:{room}").offset, {"messages": {}, "members": {}, "room": {}})
        messages, position = self.all(f"{room}/messages/")
        members, _ = self.all(f"{room}/members/")
        shown = self.rest("get", f"{room}/")
        shown.pop("me", None)
        state = {"messages": {m["id"]: m for m in messages}, "members": {by_user(m): m for m in members}}
        return Copy(position["offset"], {**state, "room": {room: shown}})

    def mine(self) -> Copy:
        rooms, position = self.all("")
        return Copy(position["offset"], {"rooms": {room["id"]: {} for room in rooms}})

    def copies(self) -> dict[str, Copy]:
        rooms = {f"room:{room}": self.room(room) for room in self.rooms}
        return rooms | {f"user:{self.alice.pk}": self.mine()}

    def message(self, room: str, choice: int) -> Message | None:
        messages = list(Message.objects.filter(room=room, deleted_at=None).order_by("pk"))
        return messages[choice % len(messages)] if messages else None


class Stop(Exception):
    """Ends a block."""


def post(world: World, room: str, choice: int) -> None:
    world.rest("post", f"{room}/messages/", {"text": f"posted {choice}"})


def edit(world: World, room: str, choice: int) -> None:
    if message := world.message(room, choice):
        world.rest("patch", f"{room}/messages/{message.pk}/", {"text": f"edited {choice}"})


def take_back(world: World, room: str, choice: int) -> None:
    if message := world.message(room, choice):
        world.rest("delete", f"{room}/messages/{message.pk}/")


def rename(world: World, room: str, choice: int) -> None:
    world.rest("patch", f"{room}/", {"name": f"name {choice}"})


def add(world: World, room: str, choice: int) -> None:
    world.rest("post", f"{room}/members/", {"user_id": str(world.others[choice % 2].pk), "role": "member"})


def promote(world: World, room: str, choice: int) -> None:
    role = ("member", "admin", "owner")[choice % 3]
    world.rest("patch", f"{room}/members/{world.others[choice % 2].pk}/", {"role": role})


def throw_out(world: World, room: str, choice: int) -> None:
    world.rest("delete", f"{room}/members/{world.others[choice % 2].pk}/")


def save(world: World, room: str, choice: int) -> None:
    message = Message(room_id=room, author=world.others[choice % 2], text="saved")
    for number in range(1 + choice % 3):
        message.text = f"saved {number}"
        message.save()


def update(world: World, room: str, choice: int) -> None:
    Message.objects.filter(room=room).update(text=Concat(F("text"), Value("!")))


def create_many(world: World, room: str, choice: int) -> None:
    Message.objects.bulk_create(Message(room_id=room, author=world.alice, text="many") for _ in range(choice % 4))


def update_many(world: World, room: str, choice: int) -> None:
    messages = list(Message.objects.filter(room=room, deleted_at=None)[: choice % 4])
    for message in messages:
        message.text = f"one of {len(messages)}"
    Message.objects.bulk_update(messages, ["text"])


def delete_many(world: World, room: str, choice: int) -> None:
    Message.objects.filter(room=room, text__contains=str(choice % 3)).delete()


def move(world: World, room: str, choice: int) -> None:
    if message := world.message(room, choice):
        message.room_id = next(other for other in world.rooms if other != room)
        message.save()


def touch(world: World, room: str, choice: int) -> None:
    Room.objects.filter(pk=room).touch()


def change_your_mind(world: World, room: str, choice: int) -> None:
    """Writes in a savepoint that is rolled back, between writes that are kept."""
    with transaction.atomic():
        post(world, room, choice)
        try:
            with transaction.atomic():
                update(world, room, choice)
                delete_many(world, room, choice)
                raise Stop
        except Stop:
            pass
        save(world, room, choice)


def fail(world: World, room: str, choice: int) -> None:
    try:
        with transaction.atomic():
            save(world, room, choice)
            Room.objects.filter(pk=room).delete()
            raise Stop
    except Stop:
        pass


def lose_an_account(world: World, room: str, choice: int) -> None:
    """Deletes an account: its memberships are deleted, its messages stay without an author."""
    User.objects.get(pk=world.others[choice % 2].pk).delete()
    world.others[choice % 2] = make_user("Newcomer")


def empty(world: World, room: str, choice: int) -> None:
    Member.objects.filter(room=room).exclude(user=world.alice).delete()


def close(world: World, room: str, choice: int) -> None:
    if choice % 4 == 0:  # now and then
        world.rest("delete", f"{room}/")


WRITES = [post, edit, take_back, rename, add, promote, throw_out, save, update, create_many, update_many, delete_many]
WRITES += [move, touch, change_your_mind, fail, lose_an_account, empty, close]
steps = st.lists(st.tuples(st.sampled_from(WRITES), st.integers(0, 1), st.integers(0, 11)), min_size=1, max_size=14)


def events_after(stream: str, offset: int) -> list[Entry]:
    page = pages.read_after(stream, offset)
    assert page.head.offset == (page.entries[-1].offset if page.entries else offset)
    return page.entries


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=steps, taken_at=st.integers(0, 13))
def test_old_snapshot_and_events_equal_a_fresh_read(steps, taken_at):
    world = World()
    old = world.copies()
    for number, (write, room, choice) in enumerate(steps):
        if number == taken_at:
            later = world.copies()
        try:
            write(world, world.rooms[room], choice)
        except IntegrityError:
            assert Room.objects.filter(pk__in=world.rooms).count() < 2  # refused: it wrote to a room that is gone
    fresh = world.copies()
    taken = [old, later] if taken_at < len(steps) else [old]
    for copies in taken:
        for stream, held in copies.items():
            assert held.apply_all(events_after(stream, held.offset)) == fresh[stream], stream


# -- the checker itself ----------------------------------------------------------------------------------------------


@pytest.fixture
def story() -> tuple[Copy, list[Entry], Copy]:
    """Returns a snapshot, events that each change another part of it, and a fresh read."""
    world = World()
    room = world.rooms[0]
    for number in range(3):
        post(world, room, number)
    add(world, room, 0)
    old = world.room(room)
    edit(world, room, 0)
    take_back(world, room, 1)
    post(world, room, 3)
    add(world, room, 1)
    throw_out(world, room, 0)
    rename(world, room, 0)
    return old, events_after(f"room:{room}", old.offset), world.room(room)


KINDS = ["message.edited", "message.deleted", "message.created", "member.joined", "member.left", "room.updated"]


def test_the_story_has_all_its_events(story):
    old, events, fresh = story
    assert [event.type for event in events] == KINDS
    assert old.apply_all(events) == fresh


@pytest.mark.parametrize("missing", range(len(KINDS)), ids=KINDS)
def test_a_copy_that_misses_an_event_is_not_the_fresh_read(story, missing):
    old, events, fresh = story
    for event in events[:missing] + events[missing + 1 :]:
        old.offset = event.offset - 1  # as if offsets were not compared
        old.apply(event)
    assert old.state != fresh.state


@pytest.mark.parametrize("missing", range(len(KINDS) - 1), ids=KINDS[:-1])
def test_a_missing_event_is_noticed_by_its_offset(story, missing):
    old, events, _ = story
    with pytest.raises(MissingError):
        old.apply_all(events[:missing] + events[missing + 1 :])


def test_an_event_applied_twice_is_harmless(story):
    old, events, fresh = story
    for event in [event for event in events for _ in range(2)]:
        old.offset = event.offset - 1
        old.apply(event)
    assert old == fresh
