"""Clients at nodes of Centrifugo that must not get in, or not further: what they try, and what they are answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.centrifugo.edge import KEY, OLD_KEY, Edge, subscribed
from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tidewire.ground.streams import REVOCATIONS

pytestmark = pytest.mark.verify

People = tuple[Person, ...]
INVALID_TOKEN, FORCED, UNSUBSCRIBED = 3500, 3503, 2000
UNKNOWN_CHANNEL, PERMISSION_DENIED, BAD_REQUEST, NOT_AVAILABLE, EXPIRED = 102, 103, 107, 108, 109


@pytest.fixture(params=[0, 1])
def socket(edge: Edge, request: pytest.FixtureRequest) -> Iterator[RawSocket]:
    """A socket at each node."""
    with RawSocket(edge.nodes[request.param].ws_url) as socket:
        yield socket


def end_of(socket: RawSocket, **request: Any) -> int:
    """Returns the code with which a node ends a connection that begins so."""
    socket.send({"id": 1, "connect": request})
    return socket.close_code()


def token(person: Person, key: str, **claims: Any) -> str:
    """Returns the person's access token with these claims, signed by this key."""
    known = jwt.decode(person.access, options={"verify_signature": False})
    changed = {name: value for name, value in {**known, **claims}.items() if value is not None}
    return jwt.encode(changed, key, "HS256")


def test_without_a_token_nobody_connects(people: People, socket: RawSocket) -> None:
    assert end_of(socket) == INVALID_TOKEN


@pytest.mark.parametrize(
    "data", [{}, {"key": ""}, {"key": "tw_" + "a" * 40}, {"key": 7}, [], "key", {"token": "x"}, {"key": "x" * 10_000}]
)
def test_connect_data_that_is_no_key_does_not_connect(edge: Edge, data: Any) -> None:
    with RawSocket(edge.nodes[0].ws_url) as socket:
        assert end_of(socket, data=data) == INVALID_TOKEN


def test_an_access_token_in_the_place_of_a_key_does_not_connect(people: People, socket: RawSocket) -> None:
    assert end_of(socket, data={"key": people[1].access}) == INVALID_TOKEN


def test_a_refresh_token_does_not_connect(people: People, socket: RawSocket) -> None:
    assert end_of(socket, token=people[1].refresh) in range(3500, 4000)


def test_a_token_for_addresses_does_not_connect(people: People, socket: RawSocket, room: str) -> None:
    assert end_of(socket, token=people[1].post("streams/token/")["token"]) in range(3500, 4000)


@pytest.mark.parametrize(
    "forge",
    [
        lambda person: token(person, "another key " * 6),
        lambda person: token(person, KEY, sub=None),
        lambda person: token(person, KEY, sub=""),
        lambda person: jwt.encode(jwt.decode(person.access, options={"verify_signature": False}), None, "none"),
        lambda person: person.access[:-4] + "AAAA",
        lambda person: "a.b.c",
        lambda person: "x" * 5000,
    ],
)
def test_a_forged_token_does_not_connect(edge: Edge, people: People, forge: Callable[[Person], str]) -> None:
    with RawSocket(edge.nodes[0].ws_url) as socket:
        assert end_of(socket, token=forge(people[1])) in range(3500, 4000)


def test_an_expired_token_is_to_be_renewed(edge: Edge, people: People) -> None:
    with RawSocket(edge.nodes[0].ws_url) as socket:
        assert socket.connect(token(people[1], KEY, exp=int(time.time()) - 5))["error"]["code"] == EXPIRED


@pytest.mark.parametrize("meta", [None, {}, {"sid": None}, {"sid": "x"}, {"sid": ["a"]}, {"kind": "key", "sid": "x"}])
def test_a_token_without_its_session_subscribes_to_nothing(edge: Edge, people: People, room: str, meta: Any) -> None:
    with RawSocket(edge.nodes[0].ws_url) as socket:
        assert "connect" in socket.connect(token(people[1], KEY, meta=meta))
        assert "error" in socket.subscribe(channel(room))


def test_a_token_of_an_ended_session_subscribes_to_nothing(
    edge: Edge, people: People, socket: RawSocket, room: str
) -> None:
    bob = people[1].at(edge.site.url)
    bob.log_in()
    bob.post("token/blacklist/", {"refresh": bob.refresh}, signed=False)
    assert "connect" in socket.connect(bob.access)
    assert socket.subscribe(channel(room))["error"]["code"] == PERMISSION_DENIED
    bob.close()


def test_a_token_under_the_key_before_is_accepted(edge: Edge, people: People, socket: RawSocket, room: str) -> None:
    """While JWT_SIGNING_KEY is replaced."""
    assert "connect" in socket.connect(token(people[1], OLD_KEY))
    assert "subscribe" in socket.subscribe(channel(room))


def test_a_node_that_reads_its_configuration_anew_accepts_a_new_key(edge: Edge, people: People, room: str) -> None:
    """As the first step of replacing JWT_SIGNING_KEY: nodes learn the new key before anything is signed with it."""
    node, new = edge.nodes[0], "a new key " * 6

    def accept(key: str) -> None:
        node.reload(lambda found: found["client"]["token"].update(hmac_previous_secret_key=key))

    with RawSocket(node.ws_url) as before:
        before.connect(people[1].access)
        accept(new)
        try:
            deadline = time.monotonic() + 20
            while not _connects(node.ws_url, token(people[1], new)):
                assert time.monotonic() < deadline
        finally:
            accept(OLD_KEY)
        assert "subscribe" in before.subscribe(channel(room))


def _connects(url: str, token: str) -> bool:
    with RawSocket(url) as socket:
        socket.send({"id": 1, "connect": {"token": token}})
        try:
            return "connect" in socket.receive()
        except ConnectionClosed:
            return False


def test_a_page_of_our_host_opens_a_socket_and_another_does_not(edge: Edge, people: People) -> None:
    for own in (edge.site.url, "https://localhost", "http://[::1]:3000"):
        with RawSocket(edge.nodes[0].ws_url, origin=own) as socket:
            assert "connect" in socket.connect(people[1].fresh_token())
    for other in ("https://example.com", "http://localhost.example.com", "null"):
        with pytest.raises(InvalidStatus, match="403"):
            RawSocket(edge.nodes[0].ws_url, origin=other)


def test_names_that_a_client_makes_up_open_nothing(people: People, socket: RawSocket, room: str) -> None:
    alice, bob, charlie = people
    name = channel(room)
    socket.connect(charlie.access)
    names = [name, name.upper(), f"user:{alice.id}", f"user:{bob.id}", f"{name}#{charlie.id}", f"{name}#", f"${name}"]
    names += [f"{name}&", f"{name} ", f" {name}", f"{name}\0", f"{name}%", f"{name}/..", f"room::{room}", f":{name}"]
    names += [REVOCATIONS, "room", "room:", ":", "*", "room:*", "cf_binary_stream", "é:1", "nothing:1", "r" * 5000]
    names += [f"cf:{name}", f"other/{name}", f"@{name}", f"#{charlie.id}", f"user:#{charlie.id}", f"user:{alice.id}#"]
    for number, forged in enumerate(names):
        socket.send({"id": number + 10, "subscribe": {"channel": forged}})
        code = socket.reply(number + 10).get("error", {}).get("code")
        assert code in (UNKNOWN_CHANNEL, PERMISSION_DENIED, BAD_REQUEST), (forged, code)
    assert "error" in socket.subscribe(channel(room))


@pytest.mark.parametrize("command", ["history", "presence", "presence_stats", "publish"])
def test_a_stream_that_was_not_subscribed_to_answers_nothing(
    people: People, socket: RawSocket, room: str, command: str
) -> None:
    for person in people:
        person.fresh_token()
    socket.connect(people[2].access)
    socket.send({"id": 9, command: {"channel": channel(room), **({"data": {}} if command == "publish" else {})}})
    assert socket.reply(9)["error"]["code"] in (PERMISSION_DENIED, NOT_AVAILABLE)


def test_a_key_signs_in_and_is_revoked(edge: Edge, people: People, socket: RawSocket, room: str) -> None:
    """A write at once after the revocation is not sent."""
    alice = people[0]
    key = alice.post("keys/", {"name": "Robot", "scopes": ["streams:read"], "stream": channel(room)})
    elsewhere = alice.make_room()
    socket.send({"id": 1, "connect": {"data": {"key": key["key"]}}})
    assert "connect" in socket.reply(1)
    assert socket.subscribe(channel(elsewhere))["error"]["code"] == PERMISSION_DENIED
    assert "subscribe" in subscribed(socket, channel(room))
    before = alice.say(room, "to the robot")
    assert socket.receive()["push"]["pub"]["data"]["data"]["id"] == before["id"]
    alice.delete(f"keys/{key['id']}/")
    alice.say(room, "at once")
    assert socket.publications_to_the_end() == ([], UNSUBSCRIBED)
    assert socket.close_code() == FORCED
