"""Fifty requests with one Idempotency-Key, at once: one row, one event, fifty equal answers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.rig.rest import channel
from tests.rig.site import Site
from tests.scenarios.conftest import People

REQUESTS = 50


def test_fifty_requests_with_one_key(site: Site, people: People) -> None:
    alice = people[0]
    room = alice.make_room()
    before = alice.get(f"streams/{channel(room)}/")["offset"]
    barrier = threading.Barrier(REQUESTS)

    def send(number: int) -> httpx.Response:
        """Sends the request again when the server refused it for lack of room, as clients do with a key."""
        url = f"{site.servers[number % len(site.servers)].url}/api/v1/rooms/{room}/messages/"
        headers = {"Authorization": f"Bearer {alice.access}", "Idempotency-Key": "one-and-the-same"}
        barrier.wait(30)
        for _ in range(20):
            response = httpx.post(url, json={"text": "Once"}, headers=headers, timeout=60, trust_env=False)
            if response.status_code not in (409, 429, 503):  # 429: fifty are more than one account's share of places
                break
            assert response.headers["Retry-After"]
            threading.Event().wait(int(response.headers["Retry-After"]))
        return response

    with ThreadPoolExecutor(REQUESTS) as pool:
        answers = list(pool.map(send, range(REQUESTS)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    shown = ("etag", "location", "tidewire-position", "content-type")
    assert len({tuple(answer.headers[name] for name in shown) for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert len(alice.get(f"rooms/{room}/messages/")["results"]) == 1
    events = alice.get(f"streams/{channel(room)}/events/?after={before}")["results"]
    assert [entry["event"]["type"] for entry in events] == ["message.created"]
