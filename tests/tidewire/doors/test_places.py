"""Which responses that stay open a process takes: those of every door keep to the limits of sockets."""

from __future__ import annotations

import pytest

from tests.tidewire.connection.site import ROOM, Site
from tests.tidewire.doors.reading import ROUTER, Response, get
from tests.tidewire.in_memory import until

LOG = f"/streams/{ROOM}/log/"
CONNECT = b'{"id":1,"connect":{"token":"alice"}}'
STAYING = {
    "streams/<str:name>/log/": [f"{LOG}?offset=now&live=sse", f"{LOG}?offset=now&live=long-poll"],
    "streams/events/": [f"/streams/events/?stream={ROOM}"],
    "connection/http_stream": ["/connection/http_stream"],
    "connection/sse": ["/connection/sse"],
    "emulation": [],
}
PATHS = [path for paths in STAYING.values() for path in paths]


def ask(path: str, address: str = "192.0.2.1", first: bytes = CONNECT) -> Response:
    if not path.startswith("/connection/"):
        return get(path)
    server = {"asgi": {"spec_version": "2.4"}, "client": (address, 1)}
    return Response(path, method="POST", credential="", body_sent=first, server=server)


def test_every_door_is_here():
    assert {route.address for route in ROUTER._routes} == set(STAYING)


@pytest.mark.parametrize("path", PATHS)
async def test_a_full_process_takes_no_response_that_stays_open(site: Site, path: str):
    held = await get(f"{LOG}?offset=now&live=sse").started()
    site.engine.connections.max_total = 1
    refused = await ask(path).answered()
    assert (refused.status, refused.json["code"], refused.header("retry-after")) == (503, "too_many_connections", "5")
    assert (await get(LOG).answered()).status == 200
    await held.leave()
    taken = ask(path)
    await until(lambda: len(site.engine.connections) == 1)
    await taken.leave()


@pytest.mark.parametrize("path", PATHS)
async def test_a_process_that_ends_takes_no_response_that_stays_open(site: Site, path: str):
    """It would be cut off with the process, in the middle of an event. Its pages are still answered."""
    site.engine.connections.is_closed = True
    refused = await ask(path).answered()
    assert (refused.status, refused.json["code"], refused.header("retry-after")) == (503, "draining", "1")
    assert (await get(LOG).answered()).status == 200


async def test_connections_without_a_user_are_counted_by_network(site: Site, settings):
    """A client with IPv6 has 2^64 addresses."""
    settings.TIDEWIRE = {**settings.TIDEWIRE, "MAX_UNIDENTIFIED_PER_ADDRESS": 2}
    waiting = [ask("/connection/http_stream", f"2001:db8::{n}", b"{}") for n in range(2)]
    await until(lambda: len(site.engine.connections) == 2)
    assert (await ask("/connection/sse", "2001:db8::77").answered()).status == 503
    waiting.append(await ask("/connection/sse", "2001:db8:1::77").started())
    waiting.append(await ask("/connection/sse", "::ffff:127.0.0.1").started())
    assert [response.status for response in waiting] == [200] * 4
    for response in waiting:
        await response.leave()
