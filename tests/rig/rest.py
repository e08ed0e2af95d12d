"""People who use a running Tidewire over REST.

`Person` is one signed-in account: it registers, logs in, renews its tokens, and raises on a status other than 2xx, with
the body in the message.
"""

from __future__ import annotations

import secrets
from collections import Counter
from typing import Any

import httpx

from tests.rig.openapi import check_answer, template_of

API = "/api/v1/"

Json = dict[str, Any]

CHECKED_ANSWERS = 25
"""How many answers of each kind are checked. Some tests write thousands, and measure how long that takes."""
_checked: Counter[tuple[str, str, int]] = Counter()


class Person:
    """One account, and one HTTP connection that uses it."""

    is_checked = True  # against openapi.yaml; bench/textbook has none

    def __init__(self, base_url: str, name: str, email: str, password: str) -> None:
        self.name, self.email, self.password = name, email, password
        self.id = ""
        self.access = self.refresh = ""
        self.http = httpx.Client(base_url=base_url, timeout=30, trust_env=False)

    @classmethod
    def register(cls, base_url: str, name: str) -> Person:
        person = cls(base_url, name, f"{name}-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(16))
        body = {"email": person.email, "name": person.name, "password": person.password}
        person.id = person.post("users/", body, signed=False)["id"]
        person.log_in()
        return person

    def log_in(self) -> None:
        pair = self.post("token/", {"email": self.email, "password": self.password}, signed=False)
        self.access, self.refresh = pair["access"], pair["refresh"]

    def fresh_token(self) -> str:
        """Fetches a new access token, as an SDK's token callback does, and returns it."""
        pair = self.post("token/refresh/", {"refresh": self.refresh}, signed=False)
        self.access, self.refresh = pair["access"], pair.get("refresh", self.refresh)
        return self.access

    def at(self, base_url: str) -> Person:
        """Returns the same account with the same tokens, at another process."""
        other = Person(base_url, self.name, self.email, self.password)
        other.id, other.access, other.refresh = self.id, self.access, self.refresh
        return other

    # -- requests ------------------------------------------------------------------------------------------------------

    def send(self, method: str, path: str, body: Any = None, *, signed: bool = True, **options: Any) -> httpx.Response:
        """Sends a request and returns the answer, of any status. Raises when openapi.yaml does not describe it.

        `path` is relative to the API, absolute, or a whole URL.
        """
        headers = {**options.pop("headers", {})}
        if signed:
            headers.setdefault("Authorization", f"Bearer {self.access}")
        url = path if path.startswith(("/", "http://")) else API + path
        response = self.http.request(method, url, json=body, headers=headers, **options)
        if self.is_checked:
            _check(response)
        return response

    def request(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Returns the body of the answer. Raises when its status is not 2xx."""
        response = self.send(method, path, body, **options)
        assert response.is_success, f"{self.name}: {method} {path} → {response.status_code} {response.text[:2000]}"
        return response.json() if response.content else None

    def get(self, path: str, **options: Any) -> Any:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.request("POST", path, body, **options)

    def patch(self, path: str, body: Any, **options: Any) -> Any:
        return self.request("PATCH", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.request("DELETE", path, **options)

    def close(self) -> None:
        self.http.close()

    # -- what people do ------------------------------------------------------------------------------------------------

    def make_room(self, name: str = "room", kind: str = "private") -> str:
        """Makes a room that this person owns. Returns its id."""
        return self.post("rooms/", {"name": name, "kind": kind})["id"]

    def add(self, room: str, *people: Person, role: str = "member") -> None:
        for person in people:
            self.post(f"rooms/{room}/members/", {"user_id": person.id, "role": role})

    def remove(self, room: str, person: Person) -> None:
        self.delete(f"rooms/{room}/members/{person.id}/")

    def say(self, room: str, text: str) -> Json:
        return self.post(f"rooms/{room}/messages/", {"text": text})

    def messages(self, room: str) -> tuple[list[Json], Json]:
        """Returns every message of the room, newest first, and the position that the first page carried."""
        page = self.get(f"rooms/{room}/messages/?limit=100")
        position, found = page["stream"], page["results"]
        while page["next"]:
            page = self.get(page["next"])
            found += page["results"]
        return found, position


def channel(room: str) -> str:
    return f"room:{room}"


def _check(response: httpx.Response) -> None:
    """Checks the first CHECKED_ANSWERS of each kind against openapi.yaml, and no answer of another address."""
    method, path = response.request.method.lower(), template_of(response.request.url.path)
    if path is None:
        return
    kind = (method, path, response.status_code)
    _checked[kind] += 1
    if _checked[kind] <= CHECKED_ANSWERS:
        check_answer(*kind, response.headers, response.content)
