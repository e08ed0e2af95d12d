"""The client that behaves: one account that asks for itself, on one connection, and measures each answer."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import httpx

PERIOD_SECONDS = 0.1
"""Between two requests: 600 a minute, half of REQUESTS_PER_USER."""
ANSWER_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """One answer: when it was asked for (time.monotonic), milliseconds until it was read, and its status. The status
    is 0 where the connection was refused or ended."""

    at: float
    milliseconds: float
    status: int


@dataclass(frozen=True)
class Latency:
    """p50 and p95 of answers in milliseconds; `refused` counts those that were not 200."""

    p50: float
    p95: float
    count: int
    refused: int

    @classmethod
    def of(cls, answers: list[Answer]) -> Latency:
        times = sorted(answer.milliseconds for answer in answers)
        if not times:
            return cls(float("inf"), float("inf"), 0, 0)
        refused = sum(answer.status != 200 for answer in answers)
        return cls(times[len(times) // 2], times[int(len(times) * 0.95)], len(times), refused)


class Victim:
    """Sends GET me/ from a thread of its own, until `close`."""

    def __init__(self, http: httpx.Client, token: str, address: str) -> None:
        """`address` is what a proxy writes into X-Forwarded-For for this client ("": there is none). Closes `http` at
        its end."""
        self._http = http
        self._http.timeout = ANSWER_SECONDS
        self._http.headers.update({"Authorization": f"Bearer {token}"})
        self._http.headers.update({"X-Forwarded-For": address} if address else {})
        self._answers: list[Answer] = []
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="victim", daemon=True)
        self._thread.start()

    def measure(self, seconds: float) -> Latency:
        """Returns the latency of the requests that are sent in the next `seconds`."""
        began = time.monotonic()
        time.sleep(seconds)
        ended = time.monotonic()
        deadline = ended + ANSWER_SECONDS
        while time.monotonic() < deadline and not (self._answers and self._answers[-1].at >= ended):
            time.sleep(PERIOD_SECONDS)
        return Latency.of([answer for answer in self._answers if began <= answer.at < ended])

    def close(self) -> None:
        self._is_closed.set()
        self._thread.join()
        self._http.close()

    def _run(self) -> None:
        while not self._is_closed.wait(PERIOD_SECONDS):
            began = time.monotonic()
            try:
                status = self._http.get("/api/v1/me/").status_code
            except httpx.TransportError:
                status = 0
            self._answers.append(Answer(began, (time.monotonic() - began) * 1000, status))
