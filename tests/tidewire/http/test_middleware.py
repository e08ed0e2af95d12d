"""The wrapper around the whole application."""

import asyncio
import re

import pytest

from tests.tidewire.http.asgi_client import request
from tidewire.asgi import EngineMiddleware, door_routes
from tidewire.asgi import urlpatterns as websockets
from tidewire.http import urls
from tidewire.http.body_limit import OWN_PATHS, is_limited


async def test_a_server_that_asks_for_a_lifespan_gets_one():
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message["type"])

    middleware = EngineMiddleware(lambda *arguments: pytest.fail("the application must not see a lifespan"))
    await middleware({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


# -- the rest of a site ------------------------------------------------------------------------------------------------


@pytest.fixture
def _other_site(settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "LIMITED_PATHS": [r"^/api/"], "MAX_VIEWS": 1, "MAX_WAITING_VIEWS": 0}


FORWARDED = (b"x-forwarded-for", b"192.0.2.7")
LARGE = (b"x" * 2 * 1024 * 1024,)


async def site(scope, receive, send):
    """Reads the body, waits for all others, and answers with the length of the body and the headers that it got."""
    size, message = 0, {"more_body": True}
    while message.get("more_body"):
        message = await receive()
        size += len(message.get("body", b""))
    await send({"type": "http.response.start", "status": 200, "headers": list(scope["headers"])})
    await send({"type": "http.response.body", "body": str(size).encode(), "more_body": False})


@pytest.mark.usefixtures("_other_site")
async def test_requests_to_the_rest_of_a_site_arrive_as_they_came():
    headers = ((b"content-encoding", b"gzip"), FORWARDED)
    answer = await request(EngineMiddleware(site), "/upload/", headers=headers, body=LARGE)
    assert (answer.status, answer.body) == (200, str(len(LARGE[0])).encode())
    assert answer.headers == [(b"host", b"testserver"), *headers]


@pytest.mark.usefixtures("_other_site")
async def test_requests_to_the_rest_of_a_site_are_not_counted():
    everybody = asyncio.Barrier(5)

    async def view(scope, receive, send):
        await everybody.wait()
        await site(scope, receive, send)

    middleware = EngineMiddleware(view)
    async with asyncio.timeout(10):
        answers = await asyncio.gather(*(request(middleware, "/upload/") for _ in range(5)))
    assert [answer.status for answer in answers] == [200] * 5


@pytest.mark.usefixtures("_other_site")
@pytest.mark.parametrize("path", ["/api/parcels/", "/healthz", "/streams/room:1/log/", "/api/v1/streams/room:1/log/"])
async def test_the_limits_hold_for_what_is_the_engines_and_for_what_is_asked(path):
    length = (b"content-length", str(len(LARGE[0])).encode())
    assert (await request(EngineMiddleware(site), path, body=LARGE, headers=(length,))).status == 413
    compressed = await request(EngineMiddleware(site), path, headers=((b"content-encoding", b"gzip"),))
    assert compressed.status == 415


def test_every_address_of_the_engine_is_limited():
    """The addresses that come with the package: probes, doors, the socket."""
    routes = [*(pattern.pattern for pattern in urls.urlpatterns), *(route._pattern for route in door_routes("api/"))]
    routes += [pattern.pattern for pattern in websockets]
    paths = ["/" + re.sub(r"<\w+:\w+>", "room:1", str(route)) for route in routes]
    assert len(paths) >= 5
    assert [path for path in paths if not is_limited(path, (OWN_PATHS,))] == []
