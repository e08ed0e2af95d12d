"""The hostile corpus over sockets: as a call, and as a chat message. REST has its own tests of every field."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from realtime import strict_json
from tests.hostile import REFUSED_VALUES, VALUES
from tests.rig.raw import RawSocket
from tests.rig.site import Site
from tests.scenarios.conftest import People

CLOSED_BAD_FRAME = {3501, 1009}
BAD_REQUEST = 107
IS_VERIFYING = bool(os.environ.get("TIDEWIRE_VERIFY"))  # otherwise most fields get a share: sockets have a pace

# Four of the paths of a write through a socket; all others share their parser and their serializers.
FIELDS = {
    "text": ("POST", "rooms/{room}/messages/", '{"text": @}'),
    "mentions": ("POST", "rooms/{room}/messages/", '{"text": "x", "mentions": [@]}'),
    "name": ("PATCH", "rooms/{room}/", '{"name": @}'),
    "message": ("PUT", "rooms/{room}/read/", '{"message": @}'),
}


class Calls:
    """A socket that makes calls, and is opened again when a frame was so bad that it had to be closed."""

    def __init__(self, open_socket: Callable[[], RawSocket]) -> None:
        self._open, self._socket, self._id = open_socket, open_socket(), 10

    def call(self, method: str, path: str, body: str) -> int:
        """The status of the answer; 0 for a call that was refused, -1 for a frame that ended the connection."""
        self._id += 1
        data = f'{{"method": "{method}", "path": "/api/v1/{path}", "body": {body}}}'
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


@pytest.mark.parametrize("name", FIELDS)
def test_every_value_in_a_call(site: Site, people: People, raw: Callable[[str], RawSocket], name: str) -> None:
    alice = people[0]
    room = alice.make_room()
    method, path, template = FIELDS[name]

    def open_socket() -> RawSocket:
        socket = raw(site.ws_url)
        assert "connect" in socket.connect(alice.access)
        return socket

    calls, made = Calls(open_socket), 0
    for value in VALUES if name == "text" or IS_VERIFYING else VALUES[list(FIELDS).index(name) :: 4]:
        if value:
            status = calls.call(method, path.format(room=room), template.replace("@", value))
            assert status < 500, value[:80]
            assert status <= 0 or value not in REFUSED_VALUES, value[:80]
            made += status == 201
    messages, _ = alice.messages(room)
    assert len(messages) == made
    strict_json.decode(json.dumps(messages))
    assert alice.get("rooms/")["results"]


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
    for value in VALUES:
        socket.send_frame(f'{{"message": {value}}}')
        try:
            answer: dict[str, Any] = socket.receive()
        except Exception:
            assert socket.close_code() in CLOSED_BAD_FRAME, value[:80]
            socket = enter()
            continue
        assert answer["type"] in ("error", "message.created"), value[:80]
        if answer["type"] == "message.created":
            assert answer["data"]["text"] == json.loads(value).strip(), value[:80]
            assert value not in REFUSED_VALUES
            said.append(answer["data"]["id"])
    assert [message["id"] for message in alice.messages(room)[0]] == said[::-1]
    assert len(said) > 200
