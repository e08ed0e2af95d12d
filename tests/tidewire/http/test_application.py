"""Who may open a socket, and where: an Origin must be ours, an unknown address is refused, and nothing is an error."""

from __future__ import annotations

from typing import Any

import pytest
from channels.routing import URLRouter
from django.urls import path

from tidewire.ground.conf import conf
from tidewire.http import application

ADDRESS = "/connection/websocket"


async def opened(address: str = ADDRESS, *origins: bytes) -> list[dict[str, Any]]:
    """What a handshake at this address, with these Origin headers, is answered."""
    said: list[dict[str, Any]] = []

    async def accept(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    sockets = application.Sockets([path("connection/websocket", accept), path("ws/chat/<uuid:room>/", accept)])
    assert isinstance(sockets._router, URLRouter)
    headers = [(b"host", b"localhost"), *((b"origin", origin) for origin in origins)]
    await sockets({"type": "websocket", "path": address, "headers": headers}, receive, send)
    return said


ACCEPTED, REFUSED = [{"type": "websocket.accept"}], [{"type": "websocket.close"}]


@pytest.fixture(autouse=True)
def _hosts(settings):
    settings.ALLOWED_HOSTS = ["chat.example", ".wild.example", "[::1]"]
    settings.TIDEWIRE = {**settings.TIDEWIRE, "ALLOWED_ORIGINS": ["https://app.example:8443"]}
    assert conf.ALLOWED_ORIGINS == ["https://app.example:8443"]


async def test_a_native_client_sends_no_origin():
    assert await opened() == ACCEPTED


@pytest.mark.parametrize(
    "origin",
    [
        b"https://chat.example",
        b"http://CHAT.example:3000",
        b"https://a.wild.example",
        b"http://[::1]:8000",
        b"https://app.example:8443",
    ],
)
async def test_our_own_origins_are_let_in(origin):
    assert await opened(ADDRESS, origin) == ACCEPTED


@pytest.mark.parametrize(
    "origin",
    [
        b"https://evil.example",
        b"https://chat.example.evil.example",
        b"https://evil.example/chat.example",
        b"https://chat.example@evil.example",
        b"https://app.example",  # another port is another origin
        b"http://app.example:8443",
        b"null",
        b"",
        b" ",
        b"*",
        b"chat.example",
        b"//chat.example",
        b"file://chat.example",
        b"javascript://chat.example",
        b"http://",
        b"http://[",
        b"http://[::1",
        b"http://[zz]",
        b"http://chat.example:port",
        b"http://chat.example:99999",
        b"http://chat.example\0",
        b"\xff\xfe",
        "http://ｃhat.example".encode(),
        b"http://" + b"a" * 10_000,
    ],
)
async def test_other_peoples_pages_are_not_and_no_origin_is_an_error(origin):
    assert await opened(ADDRESS, origin) == REFUSED


async def test_two_origins_are_none():
    assert await opened(ADDRESS, b"https://chat.example", b"https://chat.example") == REFUSED


@pytest.mark.parametrize(
    "address", ["/", "", "/ws", "/connection/websocket/", "/connection", "/ws/chat/x/", "/\0", "/%ff", "/" + "a" * 9000]
)
async def test_an_address_that_nobody_serves_is_refused(address):
    assert await opened(address) == REFUSED


async def test_a_server_that_asks_for_a_lifespan_gets_one(monkeypatch):
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    said = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        said.append(message["type"])

    wrapped = application.Realtime(lambda *arguments: pytest.fail("a lifespan is nobody else's"))
    await wrapped({"type": "lifespan"}, receive, send)
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
