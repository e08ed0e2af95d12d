"""JWT_SIGNING_KEY is replaced on a running site: tokens under the key before it go on for a time, at every door."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import httpx
import pytest

from tests.rig.http_events import EventReader
from tests.rig.raw import RawSocket
from tests.rig.rest import API, Person
from tests.rig.site import Site, Sites
from tests.tidewire.serve.served import Served

OLD, NEW = "old-key-" * 6, "new-key-" * 6
EXPIRED = 3005  # the protocol's "connection expired"


class Rotated:
    """A site that is started again with other keys."""

    def __init__(self, sites: Sites) -> None:
        self.site: Site = sites.make("embedded", settings={"JWT_SIGNING_KEY": OLD, "EXPIRY_GRACE_SECONDS": "0"})
        self._environment = MappingProxyType(self.site.environment)
        self._start(dict(self._environment))

    def start(self, **settings: str) -> None:
        self.site.server.terminate()
        port = self.site.server.port
        self._start({**self._environment, **settings}, port)

    def _start(self, environment: dict[str, str], port: int = 0) -> None:
        served = Served(environment, self.site.folder / "served.log")
        if port:
            served.port = port
            served.url, served.ws_url = self.site.url, self.site.ws_url
        self.site.servers[:] = [served]
        self.site.start()


@pytest.fixture(scope="module")
def rotated(sites: Sites) -> Iterator[Rotated]:
    rotated = Rotated(sites)
    yield rotated
    rotated.site.stop()
    rotated.site.check_logs()


class Tokens:
    """One of each kind, of a person who signed in under the old key."""

    def __init__(self, alice: Person, room: str) -> None:
        self.room = room
        self.access, self.refresh = alice.access, alice.refresh
        self.events = alice.post("streams/token/")["token"]


def use_all(site: Site, tokens: Tokens) -> dict[str, int]:
    """Returns {door: its answer} for these tokens: a status, or the code of a socket's end, 0 for none."""
    stream = f"room:{tokens.room}"
    with httpx.Client(base_url=f"{site.url}{API}", trust_env=False) as http:
        signed = {"Authorization": f"Bearer {tokens.access}"}
        answers = {
            "REST": http.get("me/", headers=signed).status_code,
            "verify": http.post("token/verify/", json={"token": tokens.access}).status_code,
            "log": http.get(f"streams/{stream}/log/", params={"offset": "now"}, headers=signed).status_code,
        }
        reader = EventReader(f"{site.url}{API}streams/events/?stream={stream}&token={tokens.events}")
        answers["events"] = reader.response.status_code
        reader.close()
        connect = {"id": 1, "connect": {"token": tokens.access}}
        with http.stream("POST", f"{site.url}/connection/http_stream", json=connect) as response:
            first = next(response.iter_lines())
            answers["http_stream"] = 200 if '"connect"' in first else 401
    with RawSocket(site.ws_url) as client:
        client.send(connect)
        first = client.receive()
        answers["socket"] = first.get("push", {}).get("disconnect", {}).get("code", 0) if "push" in first else 0
        if "error" in first:
            answers["socket"] = first["error"]["code"]
    return answers


ACCEPTED = {"REST": 200, "verify": 200, "log": 200, "events": 200, "http_stream": 200, "socket": 0}


def test_tokens_go_on_under_the_new_key_and_end_when_their_time_is_over(rotated: Rotated) -> None:
    site = rotated.site
    alice = site.person("alice")
    tokens = Tokens(alice, alice.make_room())
    assert use_all(site, tokens) == ACCEPTED

    rotated.start(JWT_SIGNING_KEY=NEW, JWT_SIGNING_KEY_FALLBACKS=f"{'unused-k' * 6},{OLD}")
    assert use_all(site, tokens) == ACCEPTED
    fresh = alice.post("token/refresh/", {"refresh": tokens.refresh}, signed=False)

    # The time is over: the old key is worth nothing, although it is still listed. The session goes on.
    passed = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    rotated.start(JWT_SIGNING_KEY=NEW, JWT_SIGNING_KEY_FALLBACKS=OLD, JWT_FALLBACKS_UNTIL=passed)
    refused = use_all(site, tokens)
    assert {door for door, answer in refused.items() if answer == ACCEPTED[door]} == set()
    alice.access = fresh["access"]
    assert alice.get("me/")["id"] == alice.id
    assert alice.post("token/refresh/", {"refresh": fresh["refresh"]}, signed=False)["access"]


def test_a_socket_under_the_old_key_ends_with_it(rotated: Rotated) -> None:
    site = rotated.site
    rotated.start()
    alice = site.person("bob")
    old = alice.fresh_token()
    until = datetime.now(UTC) + timedelta(seconds=8)
    rotated.start(JWT_SIGNING_KEY=NEW, JWT_SIGNING_KEY_FALLBACKS=OLD, JWT_FALLBACKS_UNTIL=until.isoformat())
    with RawSocket(site.ws_url) as client:
        reply = client.connect(old)["connect"]
        assert 0 < reply["ttl"] <= 8
        assert client.close_code() == EXPIRED
    assert datetime.now(UTC) >= until - timedelta(seconds=1)


def test_without_a_fallback_a_stolen_key_is_worth_nothing(rotated: Rotated) -> None:
    site = rotated.site
    rotated.start()
    alice = site.person("carol")
    tokens = Tokens(alice, alice.make_room())
    rotated.start(JWT_SIGNING_KEY=NEW)

    refused = use_all(site, tokens)
    assert {door for door, answer in refused.items() if answer == ACCEPTED[door]} == set()
    assert (
        httpx.post(f"{site.url}{API}token/refresh/", json={"refresh": tokens.refresh}, trust_env=False).status_code
        == 401
    )
