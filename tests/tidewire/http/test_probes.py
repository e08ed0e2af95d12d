"""The probes answer in production, by any host and without TLS, and need no place among the views."""

from __future__ import annotations

import asyncio

import pytest
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

from tests.tidewire.http.asgi_client import Answer, request
from tidewire.http import health
from tidewire.http.probes import Probes
from tidewire.http.view_limit import ViewLimit

TOKEN = "a-token-for-metrics"


@pytest.fixture(autouse=True)
def _production(settings):
    settings.ALLOWED_HOSTS = ["api.example"]
    settings.SECURE_SSL_REDIRECT = True
    settings.TIDEWIRE = {**settings.TIDEWIRE, "METRICS_TOKEN": TOKEN}


async def application(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})


async def probe(path_: str, *headers: tuple[bytes, bytes], method: str = "GET") -> Answer:
    return await request(Probes(application), path_, method=method, headers=headers)


async def test_a_host_that_is_not_allowed_is_answered() -> None:
    answer = await probe("/healthz")

    assert (answer.status, answer.body) == (200, b'{"status": "ok"}')
    assert dict(answer.headers)[b"Content-Length"] == b"16"


@pytest.mark.parametrize(("given", "repeated"), [(b"a-1", b"a-1"), (b"a b", None), (b"a" * 65, None), (b"\xff", None)])
async def test_the_id_of_the_request_is_repeated(given: bytes, repeated: bytes | None) -> None:
    answer = await probe("/healthz", (b"x-request-id", given))

    assert dict(answer.headers).get(b"X-Request-ID") == repeated


async def test_head_has_no_content() -> None:
    answer = await probe("/healthz", method="HEAD")

    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER", b"bEaReR"])
async def test_the_scheme_of_a_credential_ignores_case(scheme: bytes) -> None:
    answer = await probe("/metrics", (b"authorization", scheme + b" " + TOKEN.encode()))

    assert answer.status == 200
    assert b"tidewire_" in answer.body


@pytest.mark.parametrize(
    "credential", ["", TOKEN, f"Basic {TOKEN}", "bearer", "bearer ", f"bearer {TOKEN}x", "bearer é"]
)
async def test_metrics_are_a_404_without_the_token(credential: str) -> None:
    answer = await probe("/metrics", (b"authorization", credential.encode()))

    assert answer.status == 404
    assert dict(answer.headers)[b"content-type"] == b"application/problem+json"


async def test_other_paths_go_to_the_application() -> None:
    assert (await probe("/healthz/")).status == 418
    assert (await probe("/api/v1/rooms/")).status == 418


async def test_a_probe_needs_no_place_among_the_views() -> None:
    is_inside, go = asyncio.Event(), asyncio.Event()

    async def view(scope, receive, send) -> None:
        is_inside.set()
        await go.wait()
        await application(scope, receive, send)

    limited = Probes(ViewLimit(view, max_views=1, max_waiting=0, wait_seconds=0))
    first = asyncio.create_task(request(limited))
    await is_inside.wait()

    assert (await request(limited)).status == 503
    assert [(await request(limited, path, method="GET")).status for path in ("/healthz", "/metrics")] == [200, 404]
    go.set()
    assert (await first).status == 418


class OwnUrls:
    """A project that routes /metrics to a view of its own, and no other probe."""

    urlpatterns = [path("metrics", lambda request: HttpResponse("its own")), path("alive", health.alive)]


@override_settings(ROOT_URLCONF=OwnUrls)
async def test_a_projects_own_view_at_a_probes_path_is_its_own() -> None:
    assert (await probe("/metrics")).status == 418
    assert (await probe("/healthz")).status == 418
