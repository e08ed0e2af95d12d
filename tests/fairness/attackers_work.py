"""Attackers that make the server work: long ranges, large batches, renames and erasures. Each attacks for some seconds.

They belong to the account of the target, or to accounts that they register from its address. Each returns how often
each status was answered.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx

from tests.fairness.attackers_accounts import JSON, Request, post_request, send, signed
from tests.fairness.stage import Target

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ROOMS = 40
MESSAGES = 400


def ranges_of_samples(target: Target, seconds: float) -> Counter[int]:
    """Pushes samples for a moment, then asks for all of them in steps that fit no minute."""
    http = _client(target)
    for batch in range(30):
        times = [(BEGIN + timedelta(milliseconds=10 * (1000 * batch + n))).isoformat() for n in range(1000)]
        samples = [{"at": at, "value": n} for n, at in enumerate(times)]
        http.post(f"/api/v1/metrics/{target.metric}/samples/", json={"samples": samples})
    path = f"/api/v1/metrics/{target.metric}/samples/?from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z&step="
    paths = [f"{path}{step}" for step in ("1.81", "61.7", "97.003", "60")]
    requests: list[Request] = [("GET", path, b"", JSON) for path in paths]
    return send(target, seconds, 30, lambda: itertools.cycle(requests), signed(target))


def batches_with_mentions(target: Target, seconds: float) -> Counter[int]:
    """Posts a hundred messages at a time, each of which mentions all members that it may."""
    http = _client(target)
    members = [row["user"]["id"] for row in http.get(f"/api/v1/rooms/{target.room}/members/").json()["results"][:20]]
    request = post_request(f"rooms/{target.room}/messages/batch/", [{"text": "x", "mentions": members}] * 100)
    return send(target, seconds, 10, lambda: itertools.repeat(request), signed(target))


def renames_in_many_rooms(target: Target, seconds: float) -> Counter[int]:
    """Joins many rooms, then takes one name after the other."""
    http = _client(target)
    for number in range(ROOMS):
        http.post("/api/v1/rooms/", json={"name": f"room {number}", "kind": "private"})

    def names() -> Iterator[Request]:
        for number in itertools.count():
            yield "PATCH", "/api/v1/me/", f'{{"name": "name {number}"}}'.encode(), JSON

    return send(target, seconds, 10, names, signed(target))


def accounts_that_are_erased(target: Target, seconds: float) -> Counter[int]:
    """Registers accounts, writes some hundred messages with each, and deletes it."""
    answers: Counter[int] = Counter()
    deadline = time.monotonic() + seconds
    with httpx.Client(base_url=target.url, headers={"X-Forwarded-For": target.address}, timeout=10) as http:
        while time.monotonic() < deadline:
            body = {"email": f"{secrets.token_hex(8)}@example.com", "name": "x", "password": secrets.token_urlsafe(16)}
            steps = [http.post("/api/v1/users/", json=body), http.post("/api/v1/token/", json=body)]
            if steps[-1].is_success:
                headers = {"Authorization": f"Bearer {steps[-1].json()['access']}"}
                steps.append(http.post("/api/v1/rooms/", json={"name": "x", "kind": "private"}, headers=headers))
                path = f"/api/v1/rooms/{steps[-1].json().get('id')}/messages/batch/"
                batch = [{"text": "x" * 100}] * 100
                steps += [http.post(path, json=batch, headers=headers) for _ in range(MESSAGES // 100)]
                steps.append(http.delete("/api/v1/me/", headers=headers))
            answers.update(step.status_code for step in steps)
    return answers


ATTACKERS = {
    "ranges of samples in odd steps": ranges_of_samples,
    "batches with mentions": batches_with_mentions,
    "renames in many rooms": renames_in_many_rooms,
    "accounts that are erased": accounts_that_are_erased,
}
"""{name: attacker}"""


def _client(target: Target) -> httpx.Client:
    headers = {"X-Forwarded-For": target.address, **signed(target)}
    return httpx.Client(base_url=target.url, headers=headers, timeout=10, trust_env=False)
