"""REST writers. The plan says what each does, in which room, as which user. One of them, the keeper, adds and removes
members, gives roles, renames rooms, and makes a room public and private again."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import httpx

from tests.soak.history import FAILED, OK, UNKNOWN, History, Json, Write, now
from tests.soak.people import Account, Caller

KEPT_MESSAGES = 60

# (what a writer does, its weight)
SAYING = (("say", 66), ("edit", 18), ("delete", 10), ("read", 6))
KEEPING = (("say", 30), ("remove", 24), ("add", 24), ("role", 6), ("rename", 8), ("kind", 4), ("passing room", 4))


class Writer:
    """One thread of writes."""

    def __init__(
        self,
        name: str,
        url: str,
        people: dict[str, list[Account]],
        rooms: list[str],
        history: History,
        is_keeper: bool = False,
    ) -> None:
        self.name, self.history, self._rooms, self._people = name, history, rooms, people
        self._caller = Caller(url, history)
        self._sent: list[tuple[Account, str, str]] = []  # by whom, room, message
        self._choices = KEEPING if is_keeper else SAYING
        self._is_public = {room: index == len(rooms) - 1 for index, room in enumerate(rooms)}

    def write(self, draws: list[list[float]], pause: float, is_over: threading.Event) -> None:
        for what, where, whose, long in draws:
            if is_over.wait(pause * (0.3 + 1.4 * long)):
                return
            op = _pick(self._choices, what)
            room = self._rooms[int(where * len(self._rooms))]
            try:
                self._ACTIONS[op](self, room, whose)
            except Exception as error:
                self.history.errors.append(f"{self.name}: {op}: {error!r}"[:500])
                time.sleep(0.2)

    # -- actions -------------------------------------------------------------------------------------------------------

    def _say(self, room: str, draw: float) -> None:
        author = self._author(draw)
        body = {"id": _uuid7(), "text": f"{self.name} says {now()} " + "·" * int(draw * 300)}
        write = self._send("say", author, "POST", f"rooms/{room}/messages/", body, room, [f"api.message:{body['id']}"])
        if write.outcome != FAILED:
            self._sent = [*self._sent[-KEPT_MESSAGES:], (author, room, body["id"])]

    def _edit(self, room: str, draw: float) -> None:
        if self._sent:
            author, room, id = self._sent[int(draw * len(self._sent))]
            path, key = f"rooms/{room}/messages/{id}/", f"api.message:{id}"
            self._send("edit", author, "PATCH", path, {"text": f"{self.name} corrects {now()}"}, room, [key])

    def _delete(self, room: str, draw: float) -> None:
        if self._sent:
            author, room, id = self._sent.pop(int(draw * len(self._sent)))
            self._send("delete", author, "DELETE", f"rooms/{room}/messages/{id}/", None, room, [f"api.message:{id}"])

    def _read(self, room: str, draw: float) -> None:
        self._caller.send(self._author(draw), "GET", f"rooms/{room}/messages/?limit=20")

    def _add(self, room: str, draw: float) -> None:
        member = self._member(draw)
        body = {"user_id": member.id, "role": "member"}
        self._send("add", self._owner, "POST", f"rooms/{room}/members/", body, room, [], member.id)

    def _remove(self, room: str, draw: float) -> None:
        member = self._member(draw)
        self._send("remove", self._owner, "DELETE", f"rooms/{room}/members/{member.id}/", None, room, [], member.id)

    def _role(self, room: str, draw: float) -> None:
        member = self._member(draw)
        body = {"role": "admin" if draw * 100 % 2 < 1 else "member"}
        self._send("role", self._owner, "PATCH", f"rooms/{room}/members/{member.id}/", body, room, [])

    def _rename(self, room: str, draw: float) -> None:
        body = {"name": f"room {draw}"}
        self._send("rename", self._owner, "PATCH", f"rooms/{room}/", body, room, [f"api.room:{room}"])

    def _kind(self, room: str, draw: float) -> None:
        """Makes the last room public, or private again."""
        room = self._rooms[-1]
        kind = "private" if self._is_public[room] else "public"
        write = self._send("kind", self._owner, "PATCH", f"rooms/{room}/", {"kind": kind}, room, [f"api.room:{room}"])
        if write.outcome == OK:
            self._is_public[room] = kind == "public"

    def _passing_room(self, room: str, draw: float) -> None:
        """Makes a room, uses it and deletes it. No device subscribes to it."""
        made = self._caller.send(self._owner, "POST", "rooms/", {"name": "passing", "kind": "private"})
        if made is not None and made.status_code == 201:
            id = made.json()["id"]
            self._caller.send(self._owner, "POST", f"rooms/{id}/messages/", {"text": "passing"})
            self._caller.send(self._owner, "DELETE", f"rooms/{id}/")

    _ACTIONS: dict[str, Any] = {
        "say": _say,
        "edit": _edit,
        "delete": _delete,
        "read": _read,
        "add": _add,
        "remove": _remove,
        "role": _role,
        "rename": _rename,
        "kind": _kind,
        "passing room": _passing_room,
    }

    # -- sending -------------------------------------------------------------------------------------------------------

    @property
    def _owner(self) -> Account:
        return self._people["owner"][0]

    def _member(self, draw: float) -> Account:
        members = self._people["members"]
        return members[int(draw * len(members))]

    def _author(self, draw: float) -> Account:
        people = [*self._people["owner"], *self._people["members"]]
        return people[int(draw * len(people))]

    def _send(
        self, op: str, account: Account, method: str, path: str, body: Json | None, room: str, objects: list[str],
        user: str = "",
    ) -> Write:  # fmt: skip
        write = Write(self.name, op, now(), objects=objects, stream=f"room:{room}", user=user)
        self.history.writes.append(write)
        response = self._caller.send(account, method, path, body)
        write.outcome, write.status = outcome(response), response.status_code if response is not None else 0
        if response is not None:
            write.positions = positions(response.headers.get("tidewire-position", ""))
            if response.status_code == 200 and method == "POST":
                write.objects = []  # it was there already: nothing changed
        write.ended = now()
        return write


def outcome(response: httpx.Response | None) -> str:
    """Returns the outcome of a write. It is unknown after a 5xx: the database may have died after COMMIT."""
    if response is None or response.status_code >= 500:
        return UNKNOWN
    return OK if response.is_success else FAILED


def positions(header: str) -> list[tuple[str, str, int]]:
    """Returns the positions in a `Tidewire-Position` header: (stream, epoch, offset) each."""
    found = []
    for part in filter(None, header.split(", ")):
        stream, epoch, offset = part.split("; ")
        found.append((stream, epoch.removeprefix("epoch="), int(offset.removeprefix("offset="))))
    return found


def _pick(choices: tuple[tuple[str, int], ...], draw: float) -> str:
    left = draw * sum(weight for _, weight in choices)
    for name, weight in choices:
        left -= weight
        if left < 0:
            return name
    return choices[-1][0]


def _uuid7() -> str:
    milliseconds = int(time.time() * 1000)
    return str(uuid.UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | uuid.uuid4().int & (2**62 - 1)))
