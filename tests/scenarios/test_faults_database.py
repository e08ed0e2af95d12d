"""A database that takes no writes, or is away: 503 with Retry-After while it lasts, and no longer than it lasts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest

from tests.rig.rest import API
from tests.rig.site import Server, Site, Sites
from tests.rig.verify import IS_VERIFY, figure
from tests.scenarios.conftest import People
from tests.soak.proxy import Proxies, Proxy
from tests.tidewire.serve.served import wait_until

pytestmark = [pytest.mark.only_size("grown"), pytest.mark.site(processes=1)]

AWAY_SECONDS = 60.0 if IS_VERIFY else 20.0
BACK_SECONDS = 3.0


@contextmanager
def read_only(site: Site) -> Iterator[None]:
    """The primary has become a standby: it refuses writes, also on the connections that it has."""
    with psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        admin.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            admin.execute("SET default_transaction_read_only = off")
            admin.execute("ALTER SYSTEM RESET default_transaction_read_only")
            admin.execute("SELECT pg_reload_conf()")


def readiness(server: Server) -> tuple[int, str]:
    answer = httpx.get(f"{server.url}/readyz", timeout=20)
    return answer.status_code, answer.json()["checks"]["database"]


def test_a_primary_that_became_a_standby_is_unavailable_and_not_ready(site: Site, people: People) -> None:
    alice, *_ = people
    room = alice.make_room()
    messages = f"{site.url}{API}rooms/{room}/messages/"
    headers = {"Authorization": f"Bearer {alice.access}"}
    with read_only(site):
        wait_until(lambda: readiness(site.server) == (503, "read-only"), seconds=10)
        writes = [httpx.post(messages, json={"text": "x"}, headers=headers, timeout=20) for _ in range(4)]
        assert [(answer.status_code, answer.headers.get("Retry-After")) for answer in writes] == [(503, "1")] * 4
        assert {answer.json()["code"] for answer in writes} == {"unavailable"}
        assert httpx.get(messages, headers=headers, timeout=20).status_code == 200
    wait_until(lambda: readiness(site.server) == (200, "ok"), seconds=10)
    assert httpx.post(messages, json={"text": "x"}, headers=headers, timeout=20).status_code == 201
    assert [message["text"] for message in alice.messages(room)[0]] == ["x"]


@pytest.fixture
def proxied(sites: Sites) -> Iterator[tuple[Site, Proxy]]:
    """A site that reaches its database through a proxy, which plays the outage."""
    proxies = Proxies()
    site = sites.make("grown", processes=1)
    address = urlsplit(site.environment["DATABASE_URL"])
    assert address.port is not None
    proxy = proxies.proxy([address.port], host=address.hostname or "127.0.0.1")
    netloc = address.netloc.rpartition("@")[0] + f"@127.0.0.1:{proxy.port}"
    site.environment["DATABASE_URL"] = urlunsplit(address._replace(netloc=netloc))
    site.start()
    yield site, proxy
    site.stop()
    proxies.stop()


@pytest.mark.slow
def test_after_an_outage_the_server_is_of_use_within_seconds(proxied: tuple[Site, Proxy]) -> None:
    """However long the database was away: what waits between attempts does not grow with the outage."""
    site, proxy = proxied
    alice = site.person("alice")
    room = alice.make_room()
    headers = {"Authorization": f"Bearer {alice.access}"}
    messages = f"{site.url}{API}rooms/{room}/messages/"
    began = time.monotonic()
    proxy.is_refusing = True
    proxy.cut()
    answered = []
    while time.monotonic() - began < AWAY_SECONDS:
        answered.append(httpx.get(messages, headers=headers, timeout=20).status_code)
        time.sleep(1)
    assert {*answered} == {503}
    proxy.is_refusing = False
    back = time.monotonic()
    wait_until(lambda: httpx.get(messages, headers=headers, timeout=20).status_code == 200, seconds=60)
    late = time.monotonic() - back
    figure(f"database away for {AWAY_SECONDS:.0f} s: first 200 after {late:.1f} s")
    assert late < BACK_SECONDS
