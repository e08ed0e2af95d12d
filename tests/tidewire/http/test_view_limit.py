"""A bounded number of requests is in views, a bounded number waits, and all others are answered 503.

One account, or one address, has a share of the places, and is answered 429 above it.
"""

import asyncio
import json

import pytest

from tests.tidewire.http.asgi_client import request
from tidewire.credentials import Identity, InvalidCredential, remember_account
from tidewire.http.view_limit import ViewLimit
from tidewire.protocol import http_chunks


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


class Leaving:
    """A server that knows whether the client has left."""

    is_gone = False

    def has_left(self) -> bool:
        return self.is_gone


async def test_a_client_that_leaves_while_it_waits_gets_no_view() -> None:
    """And its place goes to the next one."""
    views, server = Views(), Leaving()
    limited = ViewLimit(views, max_views=1, max_waiting=5, wait_seconds=60)
    extensions = {http_chunks.EXTENSION: server}
    first = asyncio.create_task(request(limited))
    await asyncio.sleep(0)
    leaving = asyncio.create_task(request(limited, extensions=extensions))
    staying = asyncio.create_task(request(limited, extensions={http_chunks.EXTENSION: Leaving()}))
    await asyncio.sleep(0)
    server.is_gone = True
    views.go.set()

    assert [answer.status for answer in await asyncio.gather(first, leaving, staying)] == [200, None, 200]


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


# -- shares --------------------------------------------------------------------------------------------------------


def signed_in(name: str) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"authorization", f"Bearer {name}".encode()),)


def authenticate(credential: str):
    """Says whose a token is. A key, as in `key alice`, has to be looked up, and other text is no credential."""
    kind, _, name = credential.rpartition("-")
    if kind == "key":
        return lambda: Identity(name)
    if kind == "token":
        return Identity(name)
    raise InvalidCredential


@pytest.fixture
def accounts(settings):
    settings.TIDEWIRE = settings.TIDEWIRE | {"AUTHENTICATE": f"{__name__}.authenticate"}


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize(
    "credentials",
    [["token-mallory"], ["forged"], ["one", "two", "three"], ["key-unknown", "key-other"]],
    ids=["an account", "an address", "an address with many texts", "unknown keys"],
)
async def test_one_holder_leaves_places_to_the_others(credentials: list[str]) -> None:
    views = Views()
    limited = ViewLimit(views, max_views=4, max_waiting=4, wait_seconds=60, share=2)
    texts = (credentials * 8)[:8]
    hers = [asyncio.create_task(request(limited, headers=signed_in(text))) for text in texts]
    await asyncio.sleep(0.01)
    assert views.inside == 2
    refused = [task.result() for task in hers if task.done()]
    assert [(answer.status, dict(answer.headers)[b"retry-after"]) for answer in refused] == [(429, b"1")] * 4
    assert json.loads(refused[0].body)["code"] == "too_many_at_once"

    victim = asyncio.create_task(request(limited, headers=signed_in("token-alice")))
    await asyncio.sleep(0.01)
    assert views.inside == 3
    views.go.set()
    assert (await victim).status == 200
    assert [answer.status for answer in await asyncio.gather(*hers)].count(200) == 4


@pytest.mark.usefixtures("accounts")
async def test_the_keys_of_an_account_share_its_places() -> None:
    remember_account("key-1", "mallory")
    remember_account("key-2", "mallory")
    views = Views()
    limited = ViewLimit(views, max_views=4, max_waiting=8, wait_seconds=60, share=2)
    texts = ["token-mallory", "key-1", "key-2", "token-mallory"]
    hers = [asyncio.create_task(request(limited, headers=signed_in(text))) for text in texts]
    await asyncio.sleep(0.01)
    assert views.inside == 2
    views.go.set()
    assert [answer.status for answer in await asyncio.gather(*hers)] == [200] * 4


@pytest.mark.usefixtures("accounts")
async def test_a_holder_is_served_in_order_and_forgotten() -> None:
    order: list[int] = []
    gate = asyncio.Semaphore(0)

    async def view(scope, receive, send) -> None:
        await gate.acquire()
        order.append(int(scope["path"].strip("/")))
        await send({"type": "http.response.start", "status": 200, "headers": []})

    limited = ViewLimit(view, max_views=4, max_waiting=16, wait_seconds=60, share=1)
    tasks = [asyncio.create_task(request(limited, f"/{n}/", headers=signed_in("token-alice"))) for n in range(5)]
    await asyncio.sleep(0.01)
    for _ in range(5):
        gate.release()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]
    assert not limited._places_of_this_loop()._shares
