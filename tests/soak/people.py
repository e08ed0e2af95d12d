"""The accounts of writers and devices, their tokens, and their requests."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx

from tests.rig.rest import API, Person
from tests.soak.history import History, Json

REQUEST_SECONDS = 5.0
RENEW_BEFORE_SECONDS = 15.0
PATIENT_TRIES = 10


class Account:
    """A user and an access token, which is renewed before it expires. Safe from any thread."""

    def __init__(self, url: str, name: str, access_seconds: float, history: History) -> None:
        self._lock = threading.Lock()
        self._access_seconds, self._history = access_seconds, history
        self._person = Person.register(url, name)
        self._person.http.timeout = httpx.Timeout(REQUEST_SECONDS)
        self._until = time.monotonic() + access_seconds
        self.name, self.id = name, self._person.id

    def token(self) -> str:
        """Returns a fresh token. Raises when the server does not answer; an SDK then tries again."""
        with self._lock:
            if time.monotonic() > self._until - RENEW_BEFORE_SECONDS:
                self._renew()
            return self._person.access

    def some_token(self) -> str:
        """Returns a fresh token, or the last one when the server does not answer."""
        try:
            return self.token()
        except Exception:
            return self._person.access

    def person_at(self, url: str) -> Person:
        """Returns the same account, for a session of its own."""
        return self._person.at(url)

    def move(self, url: str) -> None:
        """Sends later requests to another address."""
        self._person = self._person.at(url)
        self._person.http.timeout = httpx.Timeout(REQUEST_SECONDS)

    def expire(self) -> None:
        """Makes the next call of `token` renew it."""
        self._until = 0.0

    def _renew(self) -> None:
        asked = time.monotonic()
        try:
            self._person.fresh_token()
        except (AssertionError, httpx.HTTPError):
            self._person.log_in()  # perhaps the answer with the next refresh token was lost
        self._until = asked + self._access_seconds


class Caller:
    """Sends the requests of one thread.

    A patient one repeats a GET that got no answer, 401 or 503: devices are compared with what it reads, and no answer
    does not mean "no access".
    """

    def __init__(self, url: str, history: History, is_patient: bool = False) -> None:
        self._http = httpx.Client(base_url=url, timeout=REQUEST_SECONDS, trust_env=False)
        self._history, self._tries = history, PATIENT_TRIES if is_patient else 1

    def send(self, account: Account, method: str, path: str, body: Any = None) -> httpx.Response | None:
        """Returns the answer, of any status; None when there was none. Records answers that no client should get."""
        try:
            headers = {"Authorization": f"Bearer {account.token()}"}
            url = path if path.startswith("http") else API + path
            response = self._http.request(method, url, json=body, headers=headers)
        except (httpx.HTTPError, AssertionError, KeyError, ValueError):
            return None
        self._history.count_status(response.status_code)
        if response.status_code == 401:
            account.expire()
        if response.status_code >= 500 and response.status_code != 503:
            self._history.errors.append(f"HTTP {response.status_code}: {method} {path}: {response.text[:300]}")
        if response.status_code == 503 and "retry-after" not in response.headers:
            self._history.errors.append(f"503 without Retry-After: {method} {path}: {response.text[:300]}")
        return response

    def get(self, account: Account, path: str) -> Json | None:
        """Returns the body of a 200; None for any other answer."""
        for attempt in range(1, self._tries + 1):
            response = self.send(account, "GET", path)
            if attempt == self._tries or (response is not None and response.status_code not in (401, 503)):
                return response.json() if response is not None and response.status_code == 200 else None
            time.sleep(1.0)
        raise AssertionError("unreachable")

    def everything(self, account: Account, path: str) -> tuple[list[Json], Json | None] | None:
        """Returns all rows of a list, and the position of its first page. None if a page is refused."""
        rows: list[Json] = []
        position, url = None, path
        while url:
            page = self.get(account, url)
            if page is None:
                return None
            position = position or page.get("stream")
            rows += page["results"]
            url = page["next"]
        return rows, position

    def close(self) -> None:
        self._http.close()
