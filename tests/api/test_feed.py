"""streams/feed/: one loop with one bookmark brings every event of every stream that the caller may read."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from api import feed, feed_bookmark
from api.feed_bookmark import Bookmark
from api.models import Member, Room
from tests.api.conftest import MISSING, Person, pointers, problem
from tests.api.test_keys import make_key
from tests.factories import add_member, make_dashboard, make_message, make_room, make_user
from tests.rig.openapi import check_event
from tidewire.log.pages import read_after
from tidewire.log.tables import Event, Stream
from tidewire.testing import record_now

FEED = "/api/v1/streams/feed/"


class Copy:
    """What a program has copied: {stream: [(offset, event id)]}, and the changes that it was told of."""

    def __init__(self, person: Any, **options: Any) -> None:
        self.person, self.options = person, options
        self.bookmark = ""
        self.events: dict[str, list[tuple[int, str]]] = {}
        self.changes: list[tuple[str, str, int]] = []
        self.pages = 0

    def turn(self) -> bool:
        """Reads one page; returns whether there are more."""
        answer = self.person.post(FEED, {"bookmark": self.bookmark, **self.options})
        assert answer.status_code == 200, answer.content
        page = answer.json()
        self.changes += [
            (each["change"], each["stream"]["channel"], each["stream"]["offset"]) for each in page["changes"]
        ]
        for entry in page["results"]:
            check_event(entry["event"])
            self.events.setdefault(entry["channel"], []).append((entry["offset"], entry["event"]["id"]))
        self.bookmark = page["bookmark"]
        self.pages += 1
        return page["has_more"]

    def round(self) -> Copy:
        """Reads until there is no more now, and forgets what was told before."""
        self.events, self.changes, self.pages = {}, [], 0
        while self.turn():
            assert self.pages < 100
        return self


def log_of(name: str) -> list[tuple[int, str]]:
    return [(entry.offset, json.loads(entry.payload)["id"]) for entry in read_after(name, 0).entries]


@pytest.fixture
def rooms(alice, bob) -> list[str]:
    """The streams of three rooms of Alice and Bob, with some messages."""
    rooms = [make_room(alice.user, bob.user) for _ in range(3)]
    for room in rooms:
        for _ in range(2):
            make_message(room, bob.user)
    record_now()
    return [f"room:{room.pk}" for room in rooms]


def say(stream: str, person: Person) -> None:
    make_message(room_of(stream), person.user)
    record_now()


def room_of(stream: str) -> Room:
    return Room.objects.get(pk=stream.partition(":")[2])


def test_every_event_of_every_stream_comes_once_and_in_order(bob, rooms):
    copy = Copy(bob).round()
    own = f"user:{bob.id}"
    assert copy.events == {name: log_of(name) for name in [*rooms, own]}
    assert copy.changes == [("added", name, 0) for name in [*rooms, own]]
    assert copy.round().events == {}
    say(rooms[1], bob)
    assert copy.round().events == {rooms[1]: log_of(rooms[1])[-1:]}
    assert copy.changes == []


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_pages_of_any_size_bring_the_same(bob, rooms, limit):
    copy = Copy(bob, limit=limit).round()
    assert copy.events == {name: log_of(name) for name in [*rooms, f"user:{bob.id}"]}
    assert copy.turn() is False


def test_a_page_reads_few_streams_and_few_logs(bob, rooms, monkeypatch):
    monkeypatch.setattr(feed, "MAX_SCANNED", 2)
    monkeypatch.setattr(feed, "MAX_READ", 1)
    copy = Copy(bob).round()
    assert copy.pages >= 4
    assert copy.events == {name: log_of(name) for name in [*rooms, f"user:{bob.id}"]}
    assert copy.round().pages == 2  # nothing is read, and two streams are looked at in each


def test_a_busy_stream_does_not_hold_up_the_others(bob, rooms):
    copy = Copy(bob, limit=3)
    for _ in range(5):
        say(rooms[0], bob)
    copy.turn()
    assert set(copy.events) == {rooms[0]}
    copy.turn()
    assert rooms[1] in copy.events


def test_one_may_begin_again_with_an_older_bookmark(bob, rooms):
    """As after a crash: the same events come again, and none is missing."""
    copy = Copy(bob).round()
    kept = copy.bookmark
    say(rooms[0], bob)
    first = copy.round().events
    say(rooms[2], bob)
    copy.bookmark = kept
    assert copy.round().events == {**first, rooms[2]: log_of(rooms[2])[-1:]}


def test_new_streams_appear_and_lost_ones_are_told_once(bob, alice, rooms):
    copy = Copy(bob).round()
    room = make_room(alice.user, bob.user)
    dashboard = make_dashboard(alice.user, bob.user)
    Member.objects.get(room=room_of(rooms[1]), user=bob.user).delete()
    record_now()
    make_message(room_of(rooms[1]), alice.user, "secret")
    record_now()
    copy.round()
    gone = [change for change in copy.changes if change[0] == "removed"]
    assert [name for _, name, _ in gone] == [rooms[1]]
    assert {name for change, name, _ in copy.changes if change == "added"} == {
        f"room:{room.pk}",
        f"dashboard:{dashboard.pk}",
    }
    assert rooms[1] not in copy.events
    assert copy.round().changes == []
    add_member(room_of(rooms[1]), bob.user)
    record_now()
    assert copy.round().changes == [("added", rooms[1], 0)]
    assert copy.events[rooms[1]] == log_of(rooms[1])


def test_a_deleted_room_is_gone(bob, rooms):
    copy = Copy(bob).round()
    room_of(rooms[0]).delete()
    record_now()
    assert ("removed", rooms[0]) in [(change, name) for change, name, _ in copy.round().changes]


def test_where_the_log_does_not_go_on_it_begins_anew(bob, rooms):
    """Events were pruned, the stream began anew, or the log is behind the bookmark."""
    copy = Copy(bob).round()
    for name in rooms:
        for _ in range(3):
            say(name, bob)
    head = read_after(rooms[0], 0).head.offset
    Event.objects.filter(stream__name=rooms[0], offset__lt=head).delete()
    Stream.objects.filter(name=rooms[1]).update(epoch="another")
    copy.round()
    assert copy.changes == [("reset", rooms[0], head - 1), ("reset", rooms[1], 0)]
    assert copy.events == {rooms[0]: log_of(rooms[0]), rooms[1]: log_of(rooms[1]), rooms[2]: log_of(rooms[2])[-3:]}
    ahead = feed_bookmark.decode(copy.bookmark)
    assert ahead is not None
    ahead.places[rooms[2]] = (10_000, ahead.places[rooms[2]][1])
    copy.bookmark = ahead.encode()
    assert copy.round().changes == [("reset", rooms[2], 0)]


def test_a_stream_whose_first_events_are_pruned_says_where_it_begins(bob, rooms):
    Event.objects.filter(stream__name=rooms[0], offset__lte=2).delete()
    copy = Copy(bob).round()
    assert ("added", rooms[0], 2) in copy.changes
    assert copy.events[rooms[0]] == log_of(rooms[0])


def test_losing_access_while_the_page_is_read_gives_nothing_of_the_stream(bob, rooms, monkeypatch):
    copy = Copy(bob).round()
    say(rooms[0], bob)
    say(rooms[1], bob)

    def removed_meanwhile(name: str, *args: Any) -> Any:
        Member.objects.filter(room=room_of(rooms[0]), user=bob.user).delete()
        return read_after(name, *args)

    monkeypatch.setattr(feed, "read_after", removed_meanwhile)
    copy.events = {}
    copy.turn()
    assert set(copy.events) == {rooms[1]}
    monkeypatch.undo()
    copy.round()
    assert [(change, name) for change, name, _ in copy.changes] == [("removed", rooms[0])]


def test_only_one_kind(bob, rooms):
    copy = Copy(bob, kind="user").round()
    assert set(copy.events) == {f"user:{bob.id}"}
    copy.options["kind"] = "room"
    assert set(copy.round().events) == set(rooms)
    assert {change for change, _, _ in copy.changes} == {"added"}


def test_a_key_reads_it_with_the_scope_to_read(bob, rooms):
    assert Copy(make_key(bob, "streams:read")).round().events.keys() >= set(rooms)
    assert problem(make_key(bob, "streams:write").post(FEED, {})) == (403, "insufficient_scope")


def test_a_quiet_feed_costs_as_many_queries_with_many_rooms(alice, bob):
    def queries(copy: Copy) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert copy.turn() is False
        return len(captured)

    make_room(alice.user, bob.user)
    record_now()
    copy = Copy(bob).round()
    few = queries(copy)
    for _ in range(20):
        make_room(alice.user, bob.user)
    record_now()
    copy.round()
    assert queries(copy) == few


def test_there_may_be_too_many_streams(bob, rooms, monkeypatch):
    monkeypatch.setattr(feed, "MAX_STREAMS", 2)
    assert problem(bob.post(FEED, {})) == (409, "too_many_streams")


def test_a_bookmark_of_as_many_streams_as_there_may_be_fits():
    uuids = [f"{number * 2654435761 % 2**128:032x}" for number in range(feed_bookmark.MAX_STREAMS)]
    names = ["room:" + "-".join((u[:8], u[8:12], u[12:16], u[16:20], u[20:])) for u in uuids]
    bookmark = Bookmark({name: (2**53 - 1, u[:16]) for name, u in zip(names, uuids, strict=True)}, names[-1], True)
    text = bookmark.encode()
    assert len(text) <= feed_bookmark.MAX_CHARACTERS
    assert feed_bookmark.decode(text) == bookmark


def packed(content: Any) -> str:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(zlib.compress(text)).decode()


NAME = f"room:{MISSING}"
NONE = {
    "text": "x",
    "not base64": "%%%%",
    "accents": "é",
    "cut": packed(["", False, {}])[:-6],
    "with a tail": Bookmark().encode() + "AAAA",
    "not json": packed(b"["),
    "deep": packed(b"[" * 100_000),
    "long": packed(b" " * 20_000_000 + b'["",false,{}]'),
    "a list": packed(["", False, []]),
    "two": packed(["", False]),
    "after": packed(["x", False, {}]),
    "behind": packed(["", 1, {}]),
    "name": packed(["", False, {"boat:x": [1, "e"]}]),
    "negative": packed(["", False, {NAME: [-1, "e"]}]),
    "true": packed(["", False, {NAME: [True, "e"]}]),
    "huge": packed(["", False, {NAME: [2**53, "e"]}]),
    "epoch": packed(["", False, {NAME: [1, "e" * 33]}]),
    "triple": packed(["", False, {NAME: [1, "e", 1]}]),
}


@pytest.mark.parametrize("text", NONE.values(), ids=NONE)
def test_no_bookmark_of_this_server(bob, text):
    assert pointers(bob.post(FEED, {"bookmark": text})) == [("/bookmark", "invalid")]


@pytest.mark.parametrize("body", [{"limit": 0}, {"limit": 501}, {"kind": "boat"}, {"bookmark": None}], ids=str)
def test_invalid_bodies(bob, body):
    assert bob.post(FEED, body).status_code == 400


@given(st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_no_text_breaks_the_decoder(text):
    feed_bookmark.decode(text)


def test_a_forged_bookmark_shows_nothing(rooms):
    stranger = Person(make_user("Charlie"))
    forged = Bookmark({name: (0, read_after(name, 0).head.epoch) for name in rooms})
    copy = Copy(stranger)
    copy.bookmark = forged.encode()
    copy.round()
    assert set(copy.events) <= {f"user:{stranger.id}"}
    assert [(change, name) for change, name, _ in copy.changes if change == "removed"] == [
        ("removed", name) for name in rooms
    ]
