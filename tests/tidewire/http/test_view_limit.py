"""A bounded number of requests is in views, a bounded number waits, and all others are answered 503."""

import asyncio

from tests.tidewire.http.asgi_client import request
from tidewire.http.view_limit import ViewLimit


class Views:
    """An application whose requests last until `go` is set; counts the requests inside."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.go = asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.go.wait()
        self.inside -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})


async def test_a_request_that_may_not_wait_is_refused_at_once() -> None:
    views = Views()
    limited = ViewLimit(views, max_views=3, max_waiting=2, wait_seconds=60)
    first = [asyncio.create_task(request(limited)) for _ in range(5)]
    await asyncio.sleep(0)

    refused = await request(limited)

    assert (refused.status, dict(refused.headers)[b"retry-after"]) == (503, b"1")
    assert views.inside == 3
    views.go.set()
    assert [answer.status for answer in await asyncio.gather(*first)] == [200] * 5
    assert views.most == 3


async def test_a_request_that_waits_too_long_is_refused() -> None:
    views = Views()
    limited = ViewLimit(views, max_views=1, max_waiting=5, wait_seconds=0.01)
    first = asyncio.create_task(request(limited))
    await asyncio.sleep(0)

    assert (await request(limited)).status == 503
    views.go.set()
    await first
    assert (await request(limited)).status == 200


async def test_a_client_that_leaves_releases_its_slot() -> None:
    views = Views()
    limited = ViewLimit(views, max_views=1, max_waiting=0, wait_seconds=1)
    leaving = asyncio.create_task(request(limited))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    views.go.set()

    assert (await request(limited)).status == 200


async def test_a_probe_does_not_wait() -> None:
    views = Views()
    limited = ViewLimit(views, max_views=1, max_waiting=0, wait_seconds=1)
    first = asyncio.create_task(request(limited))
    await asyncio.sleep(0)

    probe = asyncio.create_task(request(limited, "/readyz"))
    await asyncio.sleep(0)
    assert views.inside == 2
    views.go.set()
    await asyncio.gather(first, probe)
