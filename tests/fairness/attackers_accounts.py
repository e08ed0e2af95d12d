"""Attackers on accounts: passwords, registrations, keys, large writes. Each attacks one server for some seconds.

They send one request after the other on each of some connections. What they cost their own machine is little: bodies
are built once, and answers are not decoded. Each returns how often each status was answered.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.fairness.stage import Target

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

Request = tuple[str, str, bytes, str]
"""(method, path, body, type of the body)"""


def passwords_at_the_api(target: Target, seconds: float) -> Counter[int]:
    """Signs in with wrong passwords, each to another account, so that no account's own bound is met."""
    emails = (f"nobody{number}@example.com" for number in itertools.count())
    return send(
        target, seconds, 20, lambda: (post_request("token/", {"email": e, "password": "wrong"}) for e in emails)
    )


def passwords_in_the_admin(target: Target, seconds: float) -> Counter[int]:
    """Signs in to the admin with wrong passwords. The form's token is that of its cookie."""
    token = "x" * 32
    body = f"csrfmiddlewaretoken={token}&username={target.email}&password=wrong".encode()
    request = ("POST", "/admin/login/", body, FORM)
    return send(target, seconds, 20, lambda: itertools.repeat(request), {"Cookie": f"csrftoken={token}"})


def registrations(target: Target, seconds: float) -> Counter[int]:
    """Registers accounts, each of which hashes a password."""
    numbers = itertools.count(int(time.time() * 1000))
    fields = {"name": "Nobody", "password": "correct horse battery staple"}
    return send(
        target, seconds, 20, lambda: (post_request("users/", {**fields, "email": f"n{n}@example.com"}) for n in numbers)
    )


def scopes_by_the_thousand(target: Target, seconds: float) -> Counter[int]:
    """Asks for a key with 60,000 scopes that do not exist."""
    request = post_request("keys/", {"name": "x", "scopes": ["messages:burn"] * 60_000})
    return send(target, seconds, 10, lambda: itertools.repeat(request), signed(target))


def large_writes(target: Target, seconds: float) -> Counter[int]:
    """Writes batches of a hundred messages of 4,000 characters."""
    request = post_request(f"rooms/{target.room}/messages/batch/", [{"text": "x" * 4_000}] * 100)
    return send(target, seconds, 10, lambda: itertools.repeat(request), signed(target))


def keys_that_come_and_go(target: Target, seconds: float) -> Counter[int]:
    """Creates keys of a room, each with a service account, until there are too many."""
    request = post_request("keys/", {"name": "x", "scopes": ["me:read"], "stream": f"room:{target.room}"})
    return send(target, seconds, 10, lambda: itertools.repeat(request), signed(target))


def pages(target: Target, seconds: float) -> Counter[int]:
    """Asks for pages outside the API, and for addresses that do not exist."""
    paths = ("/api/docs/", "/api/problems/", "/admin/login/", "/nowhere", "/api/v1/nowhere/")
    return send(target, seconds, 20, lambda: itertools.cycle([("GET", path, b"", JSON) for path in paths]))


ATTACKERS = {
    "wrong passwords at the API": passwords_at_the_api,
    "wrong passwords in the admin": passwords_in_the_admin,
    "registrations": registrations,
    "60,000 scopes": scopes_by_the_thousand,
    "batches of large messages": large_writes,
    "keys of a room": keys_that_come_and_go,
    "pages outside the API": pages,
}
"""{name: attacker}"""


def post_request(path: str, body: object) -> Request:
    return "POST", f"/api/v1/{path}", json.dumps(body).encode(), JSON


def signed(target: Target) -> dict[str, str]:
    return {"Authorization": f"Bearer {target.token}"}


def send(
    target: Target,
    seconds: float,
    connections: int,
    requests: Callable[[], Iterator[Request]],
    headers: dict[str, str] | None = None,
) -> Counter[int]:
    """Sends requests on so many connections at once. Returns {status: answers}; 0 for a connection that broke."""
    deadline = time.monotonic() + seconds
    shared, lock = requests(), threading.Lock()  # two threads may not ask a generator at once

    def work() -> Counter[int]:
        answers: Counter[int] = Counter()
        sent = {"X-Forwarded-For": target.address, **(headers or {})}
        with httpx.Client(base_url=target.url, headers=sent, timeout=5, trust_env=False) as http:
            while time.monotonic() < deadline:
                with lock:
                    method, path, body, kind = next(shared)
                status = 0
                with contextlib.suppress(httpx.TransportError):
                    status = http.request(method, path, content=body, headers={"Content-Type": kind}).status_code
                answers[status] += 1
        return answers

    with ThreadPoolExecutor(connections) as pool:
        return sum((done.result() for done in [pool.submit(work) for _ in range(connections)]), Counter())
