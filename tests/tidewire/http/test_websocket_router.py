"""Paths and origins of WebSockets: what is not known or not allowed is answered 403, and never an error."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import path

from tidewire.asgi import WebSocketRouter
from tidewire.ground.conf import conf

PATH = "/connection/websocket"


async def handshake(path_: str = PATH, *origins: bytes) -> list[dict[str, Any]]:
    """Returns the messages that answer a handshake at this path, with these Origin headers."""
    sent: list[dict[str, Any]] = []

    async def accept(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    router = WebSocketRouter([path("connection/websocket", accept), path("ws/chat/<uuid:room>/", accept)])
    headers = [(b"host", b"localhost"), *((b"origin", origin) for origin in origins)]
    await router({"type": "websocket", "path": path_, "headers": headers}, receive, send)
    return sent


ACCEPTED, REFUSED = [{"type": "websocket.accept"}], [{"type": "websocket.close", "code": 1000, "reason": None}]


@pytest.fixture(autouse=True)
def _hosts(settings):
    settings.ALLOWED_HOSTS = ["chat.example", ".wild.example", "[::1]"]
    settings.TIDEWIRE = {**settings.TIDEWIRE, "ALLOWED_ORIGINS": ["https://app.example:8443"]}
    assert conf.ALLOWED_ORIGINS == ["https://app.example:8443"]


async def test_a_native_client_sends_no_origin():
    assert await handshake() == ACCEPTED


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
async def test_an_allowed_origin_is_accepted(origin):
    assert await handshake(PATH, origin) == ACCEPTED


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
async def test_any_other_origin_is_refused_and_none_is_an_error(origin):
    assert await handshake(PATH, origin) == REFUSED


async def test_two_origins_are_refused():
    assert await handshake(PATH, b"https://chat.example", b"https://chat.example") == REFUSED


@pytest.mark.parametrize(
    "path_", ["/", "", "/ws", "/connection/websocket/", "/connection", "/ws/chat/x/", "/\0", "/%ff", "/" + "a" * 9000]
)
async def test_an_unknown_path_is_refused(path_):
    assert await handshake(path_) == REFUSED
