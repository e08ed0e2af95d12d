"""REST, sockets and refusals before any view give the same verdict on an origin."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.tidewire.http.asgi_client import request
from tests.tidewire.http.test_websocket_router import ACCEPTED, PATH, handshake
from tidewire.http.body_limit import BodyLimit, BodySizes
from tidewire.http.origins import cors_headers

LISTED = ["https://app.example", "http://app.example:8080", "capacitor://localhost", "tauri://localhost", "ionic://app"]
OTHERS = [
    "https://app.example:8443",
    "http://app.example",
    "https://evil.example",
    "https://app.example.evil.example",
    "capacitor://evil",
    "tauri://",
    "tauri:localhost",
    "ionic://app:1",
    "chrome-extension://app",
    "null",
    "",
    "app.example",
    "//app.example",
    "https://",
    "https://[",
    "https://app.example, https://app.example",
    "*",
]


@pytest.fixture(autouse=True)
def _settings(settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.CORS_ALLOWED_ORIGINS = LISTED
    settings.TIDEWIRE = {**settings.TIDEWIRE, "ALLOWED_ORIGINS": LISTED}


def allowed_by_rest(origin: str) -> str | None:
    answer = Client(raise_request_exception=False).get("/api/v1/nowhere/", headers={"origin": origin})
    return answer.headers.get("Access-Control-Allow-Origin")


@pytest.mark.parametrize("origin", LISTED + OTHERS)
async def test_every_door_has_the_same_verdict(origin: str, settings) -> None:
    limited = BodyLimit(lambda *arguments: pytest.fail("the body is too large"), BodySizes(1))
    headers = ((b"content-length", b"2"), (b"origin", origin.encode()))
    refusal = {name: value.decode() for name, value in (await request(limited, headers=headers)).headers}

    expected = origin if origin in LISTED else None
    assert allowed_by_rest(origin) == expected
    assert refusal.get(b"access-control-allow-origin") == expected
    assert (await handshake(PATH, origin.encode()) == ACCEPTED) == (expected is not None)


async def test_an_opaque_origin_is_allowed_where_it_is_listed(settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["null"]
    settings.TIDEWIRE = {**settings.TIDEWIRE, "ALLOWED_ORIGINS": ["null"]}

    assert allowed_by_rest("null") == "null"
    assert await handshake(PATH, b"null") == ACCEPTED


def test_a_refusal_exposes_what_the_views_expose() -> None:
    answer = Client().get("/api/v1/nowhere/", headers={"origin": LISTED[0]})
    refusal = dict(cors_headers([LISTED[0].encode()]))

    assert refusal[b"access-control-expose-headers"].decode() == answer["Access-Control-Expose-Headers"]
    assert refusal[b"vary"].decode().lower() in answer["Vary"].lower()
