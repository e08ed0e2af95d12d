"""Every socket with every kind of credential, renewed with every other: none reads on when what opened it has ended.

The table is walked for each consumer of the application; one that is not in it fails the first test.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from realtime import routing
from realtime.consumers import ChatConsumer
from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.scenarios.conftest import People
from tests.scenarios.test_revocation import CLOSE_SECONDS, Backdoor
from tidewire.asgi import urlpatterns
from tidewire.connection.consumer import EventConsumer, SocketConsumer

FORCED, PERMISSION_DENIED, INVALID_TOKEN = 3503, 3507, 3500
LAST = "written after the end"


class Main:
    """The socket of the SDKs."""

    path = "/connection/websocket"

    def __init__(self, socket: RawSocket, room: str, credential: str) -> None:
        self._socket, self._id = socket, 10
        socket.connect(credential)
        assert "subscribe" in socket.subscribe(channel(room))

    def renew(self, credential: str) -> int:
        """Returns the code of an end that this has, or 0."""
        self._id += 1
        self._socket.send({"id": self._id, "refresh": {"token": credential}})
        return end_code(self._socket, until=lambda message: message.get("id") == self._id)

    @staticmethod
    def text(message: dict[str, Any]) -> str:
        return message["push"]["pub"]["data"]["data"].get("text", "") if "pub" in message.get("push", {}) else ""


class Chat:
    """The plain socket of one room."""

    path = "/ws/chat/{room}/"

    def __init__(self, socket: RawSocket, room: str, credential: str) -> None:
        self._socket = socket
        socket.send({"token": credential})
        assert socket.receive()["type"] == "hello"

    def renew(self, credential: str) -> int:
        self._socket.send({"token": credential})
        return end_code(self._socket, until=lambda message: message["type"] == "renewed")

    @staticmethod
    def text(message: dict[str, Any]) -> str:
        return message.get("data", {}).get("text", "")


CONSUMERS: dict[type[SocketConsumer], type[Main | Chat]] = {EventConsumer: Main, ChatConsumer: Chat}


def test_every_consumer_of_the_application_is_in_the_table() -> None:
    routes = [*urlpatterns, *routing.urlpatterns]
    assert {route.callback.consumer_class for route in routes} == set(CONSUMERS)


def end_code(socket: RawSocket, until: Callable[[dict[str, Any]], bool]) -> int:
    """Reads to the message that is looked for. Returns 0 there; the code when the socket, or its subscription, ends
    before."""
    try:
        while not until(message := socket.receive()):
            if "unsubscribe" in message.get("push", {}):
                return PERMISSION_DENIED
        return 0
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


class Seen(list[dict[str, Any]]):
    """The messages before the end."""

    def add(self, message: dict[str, Any]) -> bool:
        self.append(message)
        return False


# -- the table ---------------------------------------------------------------------------------------------------------


@dataclass
class Credential:
    """A credential, and how what is behind it is ended."""

    text: str
    end: Callable[[], object]


class Wallet:
    """All credentials that Bob may have, by kind."""

    def __init__(self, alice: Person, bob: Person, backdoor: Backdoor) -> None:
        self._bob, self._backdoor = bob.at(str(bob.http.base_url)), backdoor
        self._bob.access = backdoor.ask(user=bob.id)["access"]  # of a session that goes on
        self._stranger = backdoor.ask(user=alice.id)["access"]
        self._pair = backdoor.ask(user=bob.id)

    def __getitem__(self, kind: str) -> Credential:
        return getattr(self, f"_{kind.replace(' ', '_')}")()

    def _token(self) -> Credential:
        return Credential(self._pair["access"], lambda: self._log_out(self._pair["refresh"]))

    def _refreshed_token(self) -> Credential:
        self._pair = self._bob.post("token/refresh/", {"refresh": self._pair["refresh"]}, signed=False)
        return self._token()

    def _token_of_another_session(self) -> Credential:
        pair = self._backdoor.ask(user=self._bob.id)
        return Credential(pair["access"], lambda: self._log_out(pair["refresh"]))

    def _token_of_another_person(self) -> Credential:
        return Credential(self._stranger, lambda: None)

    def _reading_key(self) -> Credential:
        return self._key("streams:read", "messages:read")

    def _key_without_streams(self) -> Credential:
        return self._key("me:read")

    def _key(self, *scopes: str) -> Credential:
        made = self._bob.post("keys/", {"name": "key", "scopes": scopes})
        return Credential(made["key"], lambda: self._bob.delete(f"keys/{made['id']}/"))

    def _log_out(self, refresh: str) -> None:
        self._bob.post("token/blacklist/", {"refresh": refresh}, signed=False)


TABLE = [
    # opened with, renewed with, code of the renewal (0: accepted)
    ("token", "refreshed token", 0),
    ("token", "token of another session", 0),
    ("token", "token of another person", PERMISSION_DENIED),
    ("token", "reading key", PERMISSION_DENIED),
    ("token", "key without streams", PERMISSION_DENIED),
    ("reading key", "reading key", 0),
    ("reading key", "token", PERMISSION_DENIED),
    ("reading key", "key without streams", PERMISSION_DENIED),
]


@pytest.fixture
def backdoor(site: Site) -> Iterator[Backdoor]:
    backdoor = Backdoor(site)
    yield backdoor
    backdoor.close()


@pytest.mark.parametrize("consumer", CONSUMERS.values())
def test_no_socket_reads_on_after_the_end_of_what_opened_it(
    site: Site,
    people: People,
    room: str,
    backdoor: Backdoor,
    raw: Callable[..., RawSocket],
    consumer: type[Main | Chat],
) -> None:
    alice, bob, _ = people
    base = site.servers[-1].ws_url.partition("/connection")[0] + consumer.path.format(room=room)

    def open_socket(credential: str) -> tuple[RawSocket, Main | Chat]:
        socket = raw(base)
        return socket, consumer(socket, room, credential)

    for opened_with, renewed_with, code in TABLE:
        wallet = Wallet(alice, bob, backdoor)
        opening = wallet[opened_with]
        socket, client = open_socket(opening.text)
        assert client.renew(wallet[renewed_with].text) == code, (opened_with, renewed_with)
        if code:
            continue
        opening = wallet[opened_with] if opened_with == "token" else opening  # the refresh token has a successor
        opening.end()
        ended_at = time.monotonic()
        alice.say(room, LAST)
        seen = Seen()
        assert end_code(socket, until=seen.add) == FORCED
        assert time.monotonic() - ended_at < CLOSE_SECONDS
        assert LAST not in [client.text(message) for message in seen], (opened_with, renewed_with)


@pytest.mark.parametrize("consumer", CONSUMERS.values())
@pytest.mark.parametrize("kind", ["token", "reading key"])
def test_no_socket_opens_with_what_has_ended(
    site: Site,
    people: People,
    room: str,
    backdoor: Backdoor,
    raw: Callable[..., RawSocket],
    consumer: type[Main | Chat],
    kind: str,
) -> None:
    alice, bob, _ = people
    credential = Wallet(alice, bob, backdoor)[kind]
    credential.end()
    socket = raw(site.server.ws_url.partition("/connection")[0] + consumer.path.format(room=room))
    first = {"token": credential.text}
    socket.send(first if consumer is Chat else {"id": 1, "connect": first})
    assert socket.close_code() == INVALID_TOKEN
