"""A new worker asks itself its first requests, and replaces none when it cannot answer them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tidewire.serve.first_requests import require_answers
from tidewire.serve.readiness import NotReadyError


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def answers(status: int, seen: list[Any] | None = None) -> Any:
    """Returns an application that answers everything with this status."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if seen is not None:
            seen.append(scope)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return application


@pytest.mark.parametrize("status", [200, 302, 401, 404, 429, 503])
def test_a_refusal_is_an_answer(loop: asyncio.AbstractEventLoop, status: int) -> None:
    require_answers(loop, answers(status))


@pytest.mark.parametrize("status", [500, 502])
def test_an_error_of_the_server_is_none(loop: asyncio.AbstractEventLoop, status: int) -> None:
    with pytest.raises(NotReadyError, match=rf"GET / is answered with {status}"):
        require_answers(loop, answers(status))


def test_an_application_that_raises_is_refused_with_its_reason(loop: asyncio.AbstractEventLoop) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise ImportError("no module of this name")

    with pytest.raises(NotReadyError, match=r"GET / fails: ImportError\('no module of this name'\)"):
        require_answers(loop, application)


def test_the_request_is_one_that_the_settings_expect(loop: asyncio.AbstractEventLoop, settings: Any) -> None:
    """By another host, or over plain HTTP, it would be refused before it reached a view."""
    settings.ALLOWED_HOSTS = ["*", ".example.com"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.TIDEWIRE = {**settings.TIDEWIRE, "TRUSTED_PROXIES": 2, "FIRST_REQUESTS": ["/a/", "/b/"]}
    seen: list[Any] = []
    require_answers(loop, answers(404, seen))
    assert [scope["path"] for scope in seen] == ["/a/", "/b/"]
    assert dict(seen[0]["headers"]) == {
        b"host": b"www.example.com",
        b"x-request-id": b"first-request",
        b"x-forwarded-proto": b"https",
        b"x-forwarded-for": b"127.0.0.1, 127.0.0.1",
    }
