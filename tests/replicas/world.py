"""Rooms with an owner and members, and what writers do in them, over REST."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from contextlib import AbstractContextManager
from typing import Any

import httpx

from tests.replicas.truth import Truth

BUSY, QUIET = 4, 16
"""Rooms that are written to all the time, and those that are written to after QUIET_SECONDS only."""
ERASE_SECONDS = 20.0
"""Between two erasures of accounts."""
SILENT_SECONDS = 5.0
"""So long a server may be silent while something is missing."""

API = "/api/v1"


class Client:
    """A signed-in user of one server."""

    def __init__(self, url: str, token: str) -> None:
        self.token = token
        self._http = httpx.Client(
            base_url=url + API, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
        )

    def send(self, method: str, path: str, expected: int, body: Any = None, **headers: str) -> httpx.Response:
        """Returns the answer, which must have this status."""
        response = self.ask(method, path, body, **headers)
        assert response.status_code == expected, f"{method} {path}: {response.status_code} {response.text}"
        return response

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Returns the answer, whatever it is. No server may fail."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        while (response := self._http.request(method, path, json=body, headers=named)).status_code == 429:
            time.sleep(float(response.headers["Retry-After"]))  # others of the account are at work
        assert response.status_code < 500, f"{method} {path}: {response.status_code} {response.text}"
        return response

    def get(self, path: str) -> Any:
        return self.send("GET", path, 200).json()

    def opened(self, path: str) -> AbstractContextManager[httpx.Response]:
        """Begins a response that goes on. It ends when nothing comes for SILENT_SECONDS."""
        return self._http.stream("GET", path, timeout=SILENT_SECONDS)

    def close(self) -> None:
        self._http.close()


class World:
    """Its methods are called by writers, each with a client of the owner and draws of its own."""

    def __init__(self, url: str, stay_seconds: float) -> None:
        from tests.factories import make_room, make_user  # want Django to be set up

        self.url, self.truth, self.stopped = url, Truth(), threading.Event()
        owner, reader = make_user("Olga"), make_user("Rita")
        self.owner, self.reader = self.token_of(owner), self.token_of(reader)
        self.rooms = [str(make_room(owner, reader).pk) for _ in range(BUSY + QUIET)]
        self.messages: dict[str, list[tuple[str, str]]] = {room: [] for room in self.rooms}
        self._locks = {room: threading.Lock() for room in self.rooms}
        self._stay_seconds, self._erased_at = stay_seconds, 0.0
        self._members: dict[str, deque[tuple[float, str, str]]] = {room: deque() for room in self.rooms}
        self.written = 0

    @staticmethod
    def token_of(user: Any) -> str:
        from api.auth import sessions

        return sessions.sign_in_as(user)["access"]

    def text(self, chance: random.Random) -> str:
        with self.truth.lock:
            self.written += 1
            return f"text-{self.written}-{chance.getrandbits(48):x}"

    def write(self, client: Client, room: str, chance: random.Random) -> None:
        """Does one thing in a room, which no other writer changes meanwhile."""
        with self._locks[room]:
            dice, known = chance.random(), self.messages[room]
            if dice < 0.50 or not known:
                self.post(client, room, chance)
            elif dice < 0.65:
                self.edit(client, room, chance)
            elif dice < 0.85:
                self.delete(client, room, known.pop(chance.randrange(len(known))))
            elif dice < 0.95 or not self._may_erase():
                self.change_members(client, room)
            else:
                self.erase_an_account(room, chance)

    def _may_erase(self) -> bool:
        """Returns whether an account may be erased now: after each, the replica can serve no page of the log for as
        long as it is behind."""
        with self.truth.lock:
            if time.monotonic() - self._erased_at < ERASE_SECONDS:
                return False
            self._erased_at = time.monotonic()
            return True

    def post(self, client: Client, room: str, chance: random.Random) -> str:
        text = self.text(chance)
        response = client.send("POST", f"/rooms/{room}/messages/", 201, {"text": text})
        self.messages[room].append((response.json()["id"], text))
        self.truth.written(room, response, text)
        return text

    def edit(self, client: Client, room: str, chance: random.Random) -> None:
        place = chance.randrange(len(self.messages[room]))
        message, _ = self.messages[room][place]
        text, path = self.text(chance), f"/rooms/{room}/messages/{message}/"
        response = client.send("PATCH", path, 200, {"text": text}, if_match=tag(client, path))
        self.messages[room][place] = (message, text)
        self.truth.written(room, response)

    def delete(self, client: Client, room: str, message: tuple[str, str]) -> None:
        path = f"/rooms/{room}/messages/{message[0]}/"
        self.truth.written(room, client.send("DELETE", path, 204, if_match=tag(client, path)), gone=message[1])

    def change_members(self, client: Client, room: str) -> None:
        """Removes the member who has been there for longest, if for so long that the replica knows of it, and adds
        another one."""
        members = self._members[room]
        if members and time.monotonic() - members[0][0] > self._stay_seconds:
            _, user, token = members.popleft()
            path = f"/rooms/{room}/members/{user}/"
            self.truth.written(room, client.send("DELETE", path, 204, if_match=tag(client, path)))
            self.truth.left(room, token)
        members.append((time.monotonic(), *self._new_member(room)))

    def erase_an_account(self, room: str, chance: random.Random) -> None:
        """What the account wrote is gone with the answer."""
        _, token = self._new_member(room)
        client = Client(self.url, token)
        text = self.post(client, room, chance)
        self.messages[room].pop()
        client.send("DELETE", "/me/", 204)
        self.truth.erased(room, text)
        client.close()

    def _new_member(self, room: str) -> tuple[str, str]:
        """Returns the id and the token of somebody who is a member from now on."""
        from api.models import Member, Room
        from tests.factories import add_member, make_user

        user = make_user()
        add_member(Room.objects.get(pk=room), user, Member.Role.MEMBER)
        return str(user.pk), self.token_of(user)


def tag(client: Client, path: str) -> str:
    return client.send("GET", path, 200).headers["ETag"]
