"""`api.call`: a REST request over the socket, with the same rights, checks and answers as over HTTP."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.scenarios.conftest import People

BAD_REQUEST, NOT_AVAILABLE = 107, 108
pytestmark = pytest.mark.shown_on("embedded")  # the views are tested on both databases

Json = dict[str, Any]


class Caller:
    """A connected socket that makes calls."""

    def __init__(self, socket: RawSocket, person: Person) -> None:
        self.socket, self._id = socket, 100
        assert "connect" in socket.connect(person.access)

    def rpc(self, data: Any, method: str = "api.call") -> Json:
        self._id += 1
        self.socket.send({"id": self._id, "rpc": {"method": method, "data": data}})
        return self.socket.reply(self._id)

    def call(self, method: str, path: str, **rest: Any) -> Json:
        return self.rpc({"method": method, "path": f"/api/v1/{path}", **rest})["rpc"]["data"]


@pytest.fixture
def caller(site: Site, raw: Callable[..., RawSocket]) -> Callable[[Person], Caller]:
    return lambda person: Caller(raw(site.ws_url), person)


def test_a_call_answers_what_rest_answers(people: People, caller: Callable[[Person], Caller]) -> None:
    alice = people[0]
    room = alice.make_room()
    answer = caller(alice).call("GET", f"rooms/{room}/messages/?limit=5")
    assert answer["status"] == 200
    assert answer["body"] == alice.get(f"rooms/{room}/messages/?limit=5")
    assert answer["headers"]["content-type"] == "application/json"


def test_a_call_is_answered_with_the_page_that_is_encoded_for_rest(
    site: Site, people: People, room: str, caller: Callable[[Person], Caller]
) -> None:
    alice, bob, _ = people

    def shared() -> float:
        text = httpx.get(f"{site.url}/metrics", timeout=10, trust_env=False).text
        return float(text.partition("\ntidewire_shared_pages_read_total ")[2].split()[0])

    path, phone = f"rooms/{room}/messages/?limit=7", caller(bob)
    page, before = alice.get(path), shared()
    assert phone.call("GET", path)["body"] == page
    assert shared() == before + 1


def test_a_call_writes_and_its_event_is_its_answer(
    people: People, room: str, caller: Callable[[Person], Caller]
) -> None:
    alice, bob, _ = people
    phone = caller(bob)
    watching = caller(alice).socket
    watching.subscribe(channel(room))
    answer = phone.call("POST", f"rooms/{room}/messages/", body={"text": "Ahoy ⚓"})
    assert (answer["status"], answer["headers"]["etag"]) == (201, '"1"')
    assert answer["headers"]["tidewire-position"].startswith(channel(room))
    event = watching.receive()["push"]["pub"]["data"]
    assert (event["data"], event["actor"]["id"]) == (answer["body"], bob.id)
    path = answer["headers"]["location"].removeprefix("/api/v1/")
    stale = phone.call("PATCH", path, body={"text": "x"}, headers={"If-Match": '"7"'})
    assert (stale["status"], stale["body"]["code"]) == (412, "version_mismatch")
    assert phone.call("PUT", f"{path}reactions/%F0%9F%91%8D/")["status"] == 201
    gone = phone.call("DELETE", path)
    assert (gone["status"], gone["body"]) == (204, None)
    assert alice.messages(room)[0] == []


def test_a_call_has_the_rights_of_its_caller(people: People, caller: Callable[[Person], Caller]) -> None:
    alice, _, charlie = people
    room = alice.make_room()
    stranger = caller(charlie)
    for method, path in [("GET", f"rooms/{room}/"), ("POST", f"rooms/{room}/messages/")]:
        answer = stranger.call(method, path, body={"text": "x"})
        assert (answer["status"], answer["body"]["code"]) == (404, "not_found")
    assert stranger.call("GET", "me/")["body"]["id"] == charlie.id


def test_guesses_in_calls_and_over_rest_are_counted_together(
    people: People, caller: Callable[[Person], Caller]
) -> None:
    *_, charlie = people
    phone = caller(charlie)
    guess = {"email": f"nobody-{charlie.id}@example.com", "password": "wrong"}
    assert [charlie.send("POST", "token/", guess, signed=False).status_code for _ in range(3)] == [401] * 3
    assert [phone.call("POST", "token/", body=guess)["status"] for _ in range(2)] == [401] * 2
    refused = phone.call("POST", "token/", body=guess)
    assert (refused["status"], refused["body"]["code"]) == (429, "throttled")
    assert 0 < int(refused["headers"]["retry-after"]) <= 60
    assert charlie.send("POST", "token/", guess, signed=False).status_code == 429


BAD_CALLS: list[Any] = [
    None,
    5,
    [],
    {},
    {"method": "GET"},
    {"path": "/api/v1/me/"},
    {"method": "TRACE", "path": "/api/v1/me/"},
    {"method": ["GET"], "path": "/api/v1/me/"},
    {"method": "GET", "path": "/admin/"},
    {"method": "GET", "path": "/healthz"},
    {"method": "GET", "path": "http://127.0.0.1/api/v1/me/"},
    {"method": "GET", "path": "/api/v1/../../admin/"},
    {"method": "GET", "path": "/api/v1/%2e%2e/%2E%2e/admin/"},
    {"method": "GET", "path": "/api/v1/me/ HTTP/1.1\r\nX: y"},
    {"method": "GET", "path": "/api/v1/ä/"},
    {"method": "GET", "path": "/api/v1/" + "x" * 2048},
    {"method": "GET", "path": "/api/v1/me/", "headers": {"Authorization": "Bearer x"}},
    {"method": "GET", "path": "/api/v1/me/", "headers": {"Cookie": "a=b"}},
    {"method": "GET", "path": "/api/v1/me/", "headers": {"X-Forwarded-For": "192.0.2.1"}},
    {"method": "GET", "path": "/api/v1/me/", "headers": {"If-Match": "a\r\nX: y"}},
    {"method": "GET", "path": "/api/v1/me/", "headers": {"If-Match": 5}},
    {"method": "GET", "path": "/api/v1/me/", "headers": ["x"]},
    {"method": "GET", "path": "/api/v1/me/", "user": "root"},
]


def test_what_is_not_a_call_gets_an_error_and_the_socket_lives(
    people: People, caller: Callable[[Person], Caller]
) -> None:
    phone = caller(people[0])
    for data in BAD_CALLS:
        assert phone.rpc(data).get("error", {}).get("code") == BAD_REQUEST, data
    assert phone.rpc({}, method="api.other")["error"]["code"] == NOT_AVAILABLE
    assert phone.call("GET", "me/")["status"] == 200


@pytest.mark.parametrize("path", ["nowhere/", "rooms/x/", "%FF/", "rooms/%00/", "streams/%ED%A0%80/"])
def test_an_unknown_address_is_a_problem(people: People, caller: Callable[[Person], Caller], path: str) -> None:
    answer = caller(people[0]).call("GET", path)
    assert (answer["status"], answer["body"]["code"]) == (404, "not_found")


def test_an_answer_too_long_for_a_message_says_so(people: People, caller: Callable[[Person], Caller]) -> None:
    alice = people[0]
    room = alice.make_room()
    for _ in range(23):
        alice.say(room, "⚓" * 4000)
    phone = caller(alice)
    answer = phone.call("GET", f"rooms/{room}/messages/")
    assert (answer["status"], answer["body"]["code"]) == (413, "answer_too_large")
    assert len(phone.call("GET", f"rooms/{room}/messages/?limit=10")["body"]["results"]) == 10


def test_a_body_as_long_as_a_frame_is_taken_and_a_longer_one_ends_the_socket(
    people: People, caller: Callable[[Person], Caller]
) -> None:
    phone = caller(people[0])
    answer = phone.call("POST", "rooms/", body={"name": "x" * 250_000})
    assert (answer["status"], answer["body"]["errors"][0]["pointer"]) == (400, "/name")
    phone.socket.send_frame(json.dumps({"id": 9, "rpc": {"method": "api.call", "data": "x" * 270_000}}))
    assert phone.socket.close_code() in (3501, 1009)


def test_a_call_after_signing_out_is_not_answered(people: People, caller: Callable[[Person], Caller]) -> None:
    bob = people[1]
    bob.log_in()
    phone = caller(bob)
    bob.post("token/blacklist/", {"refresh": bob.refresh}, signed=False)
    assert phone.socket.close_code() == 3503
    bob.log_in()


def test_a_refreshed_socket_calls_with_the_new_token(people: People, caller: Callable[[Person], Caller]) -> None:
    bob = people[1]
    phone = caller(bob)
    phone.socket.send({"id": 3, "refresh": {"token": bob.fresh_token()}})
    assert "refresh" in phone.socket.reply(3)
    assert phone.call("GET", "me/")["body"]["id"] == bob.id
