"""A REST list is joined with a subscription while a writer never pauses. The copy is exactly right."""

import threading
from typing import Any

from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.rig.verify import IS_VERIFY
from tests.scenarios.conftest import MakeClient, People, follow
from tests.scenarios.copies import Copy

ROUNDS = 2000 if IS_VERIFY else 25  # with each of four SDKs
KEPT = 20


class Writer:
    """Creates, edits and deletes without a pause, and keeps about `KEPT` messages alive."""

    def __init__(self, person: Person, room: str) -> None:
        self._person, self._room = person, room
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._error: BaseException | None = None

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _write(self) -> None:
        try:
            alive: list[str] = []
            number = 0
            while not self._stop.is_set():
                number += 1
                alive.append(self._person.say(self._room, f"message {number}")["id"])
                self._person.patch(self._path(alive[len(alive) // 2]), {"text": f"edited {number}"})
                if len(alive) > KEPT:
                    self._person.delete(self._path(alive.pop(0)))
        except BaseException as error:
            self._error = error

    def _path(self, message: str) -> str:
        return f"rooms/{self._room}/messages/{message}/"


def test_joins_beside_a_writer_that_never_pauses(site: Site, people: People, sdk: MakeClient) -> None:
    """Each round ends with a marker message. At the marker's offset the copy must equal the state that the whole log
    gives at that offset. The snapshot was read before the marker was written, so it holds nothing newer."""
    alice, bob, charlie = people
    room = alice.make_room()
    alice.add(room, bob, charlie)
    stream = channel(room)
    witness, joiner = sdk(), sdk()
    follow(witness, site.ws_url, alice, room)
    joiner.connect(site.servers[-1].ws_url, get_token=charlie.fresh_token)
    reader = site.at(site.servers[-1], charlie)

    ends: list[tuple[int, list[dict[str, Any]]]] = []
    snapshot: list[dict[str, Any]] = []

    def get_state() -> dict[str, Any]:
        rows, position = reader.messages(room)
        snapshot[:] = rows
        return position

    with Writer(bob, room):
        for number in range(ROUNDS):
            mark = len(joiner.events)
            joiner.subscribe(stream, get_state=get_state)
            assert joiner.wait_for("subscribed", stream, after=mark).recovered
            copy = Copy(snapshot)
            marker = alice.say(room, f"marker {number}")["id"]
            at = joiner.wait_for(
                "publication",
                stream,
                after=mark,
                where=lambda event: event.data["data"].get("id") == marker,  # noqa: B023
            )
            joined = [event for event in joiner.events[mark:] if event.kind == "publication"]
            copy.apply_all(event for event in joined if event.offset <= at.offset)
            offsets = [event.offset for event in joined]
            assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))
            ends.append((at.offset, copy.listed()))
            if number + 1 < ROUNDS:
                joiner.unsubscribe(stream)
                joiner.wait_for("unsubscribed", stream, after=mark)
            alice.delete(f"rooms/{room}/messages/{marker}/")

    rows, position = reader.messages(room)
    joiner.wait_for_offset(stream, position["offset"])
    witness.wait_for_offset(stream, position["offset"])
    assert_each_copy_was_right(witness.publications(stream), ends)
    final = [event for event in joiner.events[mark:] if event.kind == "publication"]
    assert Copy(snapshot).apply_all(final).listed() == rows


def assert_each_copy_was_right(log: list[Any], ends: list[tuple[int, list[dict[str, Any]]]]) -> None:
    truth, events = Copy(), iter(log)
    for offset, copy in ends:
        for event in events:
            truth.apply(event.data)
            if event.offset == offset:
                break
        assert copy == truth.listed()
