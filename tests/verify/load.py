"""Writers behind a proxy with TLS: each write once, never sent again, and every answer counted."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

WRITERS = 4
PAUSE_SECONDS = 0.25
"""All of them together stay below REQUESTS_PER_USER."""
SECONDS = 15.0


class Load:
    """While it is entered, WRITERS threads write messages to a room. It may be entered again; counts go on."""

    def __init__(self, host: str, certificate: Path, token: str = "") -> None:
        self._host, self._certificate, self.token = host, certificate, token
        self._room, self._stop, self._ends_at_refusal = "", threading.Event(), False
        self._lock = threading.Lock()
        self.answers: Counter[str] = Counter()
        self._threads: list[threading.Thread] = []

    @property
    def answered(self) -> int:
        return self.answers["201"]

    def status(self, path: str) -> int:
        """Returns the status of one GET, or 0 without an answer."""
        try:
            return self._request("GET", path)[0]
        except (OSError, http.client.HTTPException):
            return 0

    def make_room(self) -> None:
        status, body = self._request("POST", "/api/v1/rooms/", {"name": "load", "kind": "private"})
        assert status == 201, body
        self._room = json.loads(body)["id"]

    def _request(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Sends one request on a connection of its own, to this machine under the host's name."""
        context = ssl.create_default_context(cafile=str(self._certificate))
        link = http.client.HTTPSConnection(self._host, timeout=SECONDS, context=context)
        plain = socket.create_connection(("127.0.0.1", 443), SECONDS)
        link.sock = context.wrap_socket(plain, server_hostname=self._host)
        try:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            link.request(method, path, None if body is None else json.dumps(body), headers)
            response = link.getresponse()
            return response.status, response.read()
        finally:
            link.close()

    def _write(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                status, _ = self._request(
                    "POST", f"/api/v1/rooms/{self._room}/messages/", {"text": f"message {number}"}
                )
                answer = str(status)
            except (OSError, http.client.HTTPException) as error:
                answer = type(error).__name__
            if answer == "201" or not self._ends_at_refusal:
                with self._lock:
                    self.answers[answer] += 1
            else:
                return
            time.sleep(PAUSE_SECONDS)

    def __enter__(self) -> Load:
        self._stop.clear()
        self._threads = [threading.Thread(target=self._write) for _ in range(WRITERS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait(self, count: int) -> None:
        """Returns after so many more answers."""
        until = sum(self.answers.values()) + count
        while sum(self.answers.values()) < until:
            time.sleep(0.05)

    def stop_at_first_refusal(self) -> None:
        """From now on a writer ends when the site does not answer, without counting it: the site is ending."""
        self._ends_at_refusal = True

    def report(self) -> str:
        return ", ".join(f"{count} answered {answer}" for answer, count in self.answers.most_common())

    def require_all(self) -> None:
        """Raises AssertionError when a write was not answered 201."""
        assert set(self.answers) == {"201"}, self.answers

    def count_code(self) -> str:
        """Returns Python code that prints how many messages are stored."""
        return f'from api.models import Message; print(Message.objects.filter(room="{self._room}").count())'
