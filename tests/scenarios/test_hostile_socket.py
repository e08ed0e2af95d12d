"""The hostile values over sockets: in every field of a call and of a command, and as a chat message."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from websockets.exceptions import ConnectionClosed

from tests.api.conftest import MISSING
from tests.api.test_hostile_input import FIELDS
from tests.hostile import REFUSED_VALUES, VALUES
from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.rig.verify import IS_VERIFY
from tests.scenarios.conftest import People
from tidewire.protocol import strict_json

CLOSED_BAD_FRAME = {3501, 1009}
CLOSED_INVALID_TOKEN = 3500
BAD_REQUEST = 107


def share(of: int, number: int) -> list[str]:
    """Returns every `of`th value, because sockets are rate-limited. In `make verify`, all of them."""
    return VALUES if IS_VERIFY else VALUES[number % of :: of]


class Places:
    """The rows that a field's path may name: a room and a dashboard of Alice's. Other names get an absent id."""

    def __init__(self, alice: Person, bob: Person) -> None:
        self.room = row(alice.make_room())
        alice.add(self.room.pk, bob)
        self.message, self.bob = row(alice.say(self.room.pk, "Ahoy")["id"]), row(bob.id)
        self.dashboard = row(alice.post("dashboards/", {"name": "Engines"})["id"])
        self.metric = row(alice.post(f"dashboards/{self.dashboard.pk}/metrics/", {"key": "load"})["id"])

    def __getattr__(self, name: str) -> SimpleNamespace:
        return row(MISSING)


def row(id: str) -> SimpleNamespace:
    return SimpleNamespace(pk=id, id=id)


class Calls:
    """Makes calls over a socket, and opens it again when the server closed it for a bad frame."""

    def __init__(self, open_socket: Callable[[], RawSocket]) -> None:
        self._open, self._socket, self._id = open_socket, open_socket(), 10

    def call(self, method: str, path: str, body: str) -> int:
        """Returns the status of the answer; 0 when the call was refused, -1 when the frame ended the connection."""
        self._id += 1
        data = f'{{"method": "{method}", "path": "{path}", "body": {body}}}'
        self._socket.send_frame(f'{{"id": {self._id}, "rpc": {{"method": "api.call", "data": {data}}}}}')
        try:
            reply = self._socket.reply(self._id)
        except Exception:
            assert self._socket.close_code() in CLOSED_BAD_FRAME, body[:80]
            self._socket = self._open()
            return -1
        if "error" in reply:
            assert reply["error"]["code"] == BAD_REQUEST, body[:80]
            return 0
        return reply["rpc"]["data"]["status"]


@pytest.mark.shown_on("grown")  # tests/api/test_hostile_input.py has the same fields on both databases
@pytest.mark.parametrize("name", FIELDS)
def test_every_value_in_a_call(site: Site, people: People, raw: Callable[[str], RawSocket], name: str) -> None:
    """Every field that REST can write can be written over a socket."""
    alice, bob, _ = people
    places, field = Places(alice, bob), FIELDS[name]
    room, path = places.room.pk, field.path(places)

    def open_socket() -> RawSocket:
        socket = raw(site.ws_url)
        assert "connect" in socket.connect(alice.access)
        return socket

    calls, made = Calls(open_socket), []
    for value in share(2, 0) if name == "message" else share(48, list(FIELDS).index(name)):
        if not value:
            continue
        status = calls.call(field.method, path, field.text(value))
        assert status < 500, value[:80]
        assert status <= 0 or value not in REFUSED_VALUES, value[:80]
        made += [value] if status == 201 else []
    messages, _ = alice.messages(room)
    if name == "batch id":  # a batch says 201 of what is there, too, and several values are one id
        made = {UUID(json.loads(value)) for value in made}
    assert len(messages) - 1 == (len(made) if field.method == "POST" and "/messages/" in path else 0)
    strict_json.decode(json.dumps(messages))
    for shown in ("rooms/", "dashboards/", "me/", "me/sessions/", f"rooms/{room}/members/", f"rooms/{room}/read/"):
        strict_json.decode(json.dumps(alice.get(shown)))


# {field: a command with it}; `@` stands for the value, `#` for a stream that Alice may read.
COMMANDS = {
    "id": '"id": @, "ping": {}',
    "connect": '"id": 9, "connect": @',
    "token": '"id": 9, "refresh": {"token": @}',
    "subscribe": '"id": 9, "subscribe": @',
    "channel": '"id": 9, "subscribe": {"channel": @}',
    "recover": '"id": 9, "subscribe": {"channel": "#", "recover": @}',
    "epoch": '"id": 9, "subscribe": {"channel": "#", "recover": true, "epoch": @}',
    "offset": '"id": 9, "subscribe": {"channel": "#", "recover": true, "offset": @}',
    "flag": '"id": 9, "subscribe": {"channel": "#", "recover": true, "offset": 1, "flag": @}',
    "join_leave": '"id": 9, "subscribe": {"channel": "#", "join_leave": @}',
    "subscribe data": '"id": 9, "subscribe": {"channel": "#", "data": @}',
    "unsubscribe": '"id": 9, "unsubscribe": {"channel": @}',
    "publish": '"id": 9, "publish": {"channel": @, "data": {"type": "typing"}}',
    "ephemeral message": '"id": 9, "publish": {"channel": "#", "data": @}',
    "ephemeral type": '"id": 9, "publish": {"channel": "#", "data": {"type": @}}',
    "presence": '"id": 9, "presence": {"channel": @}',
    "history": '"id": 9, "history": {"channel": @, "limit": 1}',
    "limit": '"id": 9, "history": {"channel": "#", "limit": @}',
    "since": '"id": 9, "history": {"channel": "#", "limit": 1, "since": @}',
    "since offset": '"id": 9, "history": {"channel": "#", "limit": 1, "since": {"offset": @}}',
    "reverse": '"id": 9, "history": {"channel": "#", "limit": 1, "reverse": @}',
    "method": '"id": 9, "rpc": {"method": @}',
    "call": '"id": 9, "rpc": {"method": "api.call", "data": @}',
    "call method": '"id": 9, "rpc": {"method": "api.call", "data": {"method": @, "path": "/api/v1/"}}',
    "call path": '"id": 9, "rpc": {"method": "api.call", "data": {"method": "GET", "path": @}}',
    "headers": '"id": 9, "rpc": {"method": "api.call", "data": {"method": "GET", "path": "/api/v1/", "headers": @}}',
    "unknown": '"id": 9, @: {}',
}
INTERNAL = 100


@pytest.mark.parametrize("name", COMMANDS)
def test_every_value_in_a_command(site: Site, people: People, raw: Callable[[str], RawSocket], name: str) -> None:
    """The answer is a result, a typed error or a close that names the mistake, never an internal error."""
    alice = people[0]
    stream = channel(alice.make_room())

    def connected() -> RawSocket:
        socket = raw(site.ws_url)
        assert "connect" in socket.connect(alice.access)
        if not COMMANDS[name].startswith('"id": 9, "subscribe"'):
            assert "subscribe" in socket.subscribe(stream)
        return socket

    socket = connected()
    for value in ['"\\u0000"', *share(24, list(COMMANDS).index(name))]:  # PostgreSQL cannot store the first
        frame = "{" + COMMANDS[name].replace("#", stream).replace("@", value) + "}"
        socket.send_frame(frame + '\n{"id": 10, "unsubscribe": {"channel": "room:nowhere"}}')
        try:
            while (answer := socket.receive()).get("id") != 10:
                assert answer.get("error", {}).get("code") != INTERNAL, value[:80]
        except ConnectionClosed:
            assert socket.close_code() in CLOSED_BAD_FRAME | {CLOSED_INVALID_TOKEN}, value[:80]
            socket = connected()
            continue
        if '"subscribe"' in frame:
            socket.send({"id": 11, "unsubscribe": {"channel": stream}})
            socket.reply(11)


def test_every_value_as_a_chat_message(site: Site, people: People, raw: Callable[..., RawSocket]) -> None:
    alice = people[0]
    room = alice.make_room()
    headers = {"Authorization": f"Bearer {alice.access}"}
    base = site.ws_url.partition("connection")[0]

    def enter() -> RawSocket:
        socket = raw(f"{base}ws/chat/{room}/", additional_headers=headers)
        assert socket.receive()["type"] == "hello"
        return socket

    socket, said = enter(), []
    values = share(2, 1)
    for value in values:
        socket.send_frame(f'{{"message": {value}}}')
        try:
            answer: dict[str, Any] = socket.receive()
        except Exception:
            assert socket.close_code() in CLOSED_BAD_FRAME, value[:80]
            socket = enter()
            continue
        assert answer["type"] in ("error", "message.created"), value[:80]
        if answer["type"] == "message.created":
            assert answer["data"]["text"] == json.loads(value), value[:80]
            assert value not in REFUSED_VALUES
            said.append(answer["data"]["id"])
    assert [message["id"] for message in alice.messages(room)[0]] == said[::-1]
    assert len(said) > len(values) / 2
