"""So many requests are in views at once, some wait, the rest is told to come back."""

import asyncio

from tidewire.http.bodies import BodyLimit
from tidewire.http.view_limit import ViewLimit


class Views:
    """An application whose requests last until they are let go."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.go = asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.go.wait()
        self.inside -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})


async def ask(application, path: str = "/api/v1/rooms/", body: tuple[bytes, ...] = (b"",), headers=()) -> tuple:
    """(status, headers) of the answer."""
    pieces = [{"type": "http.request", "body": b, "more_body": n + 1 < len(body)} for n, b in enumerate(body)]
    sent = []

    async def receive():
        return pieces.pop(0)

    async def send(message):
        sent.append(message)

    await application({"type": "http", "path": path, "headers": list(headers)}, receive, send)
    return (sent[0]["status"], dict(sent[0]["headers"])) if sent else (None, {})


async def test_the_rest_is_told_to_come_back_at_once() -> None:
    views = Views()
    limited = ViewLimit(views, max_views=3, max_waiting=2, wait_seconds=60)
    first = [asyncio.create_task(ask(limited)) for _ in range(5)]
    await asyncio.sleep(0)

    status, headers = await ask(limited)

    assert (status, headers[b"retry-after"]) == (503, b"1")
    assert views.inside == 3
    views.go.set()
    assert [status for status, _ in await asyncio.gather(*first)] == [200] * 5
    assert views.most == 3


async def test_who_waits_too_long_is_told_too() -> None:
    views = Views()
    limited = ViewLimit(views, max_views=1, max_waiting=5, wait_seconds=0.01)
    first = asyncio.create_task(ask(limited))
    await asyncio.sleep(0)

    assert (await ask(limited))[0] == 503
    views.go.set()
    await first
    assert (await ask(limited))[0] == 200


async def test_a_client_that_leaves_gives_its_place_back() -> None:
    views = Views()
    limited = ViewLimit(views, max_views=1, max_waiting=0, wait_seconds=1)
    leaving = asyncio.create_task(ask(limited))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    views.go.set()

    assert (await ask(limited))[0] == 200


async def test_health_does_not_wait() -> None:
    views = Views()
    limited = ViewLimit(views, max_views=1, max_waiting=0, wait_seconds=1)
    first = asyncio.create_task(ask(limited))
    await asyncio.sleep(0)

    health = asyncio.create_task(ask(limited, "/readyz"))
    await asyncio.sleep(0)
    assert views.inside == 2
    views.go.set()
    await asyncio.gather(first, health)


async def reader(scope, receive, send) -> None:
    """Django's manner: the whole body first, and quietly gone when the client is."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def test_a_body_is_counted_whatever_it_promised() -> None:
    limited = BodyLimit(reader, 10)

    assert (await ask(limited, body=(b"12345", b"67890")))[0] == 200
    assert (await ask(limited, body=(b"12345", b"678901")))[0] == 413
    assert (await ask(limited, body=(b"x" * 11,), headers=[(b"content-length", b"3")]))[0] == 413
    assert (await ask(limited, headers=[(b"content-length", b"11")]))[0] == 413
