"""Server-sent events of a running site, read as they arrive."""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx

WAIT_SECONDS = 15.0


class ServerEvent(NamedTuple):
    """One server-sent event; `data` is its JSON."""

    name: str
    data: Any
    id: str = ""


class EventReader:
    """One response of server-sent events, read in a thread of its own. Comments are left out."""

    def __init__(
        self,
        url: str,
        token: str = "",
        read_seconds: float | None = None,
        http: httpx.Client | None = None,
        **headers: str,
    ) -> None:
        """`read_seconds` is how long the server may be silent; None for as long as it likes. `http` is used for this
        response alone, and closed behind it."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = http or httpx.Client(trust_env=False)
        self._http.timeout = httpx.Timeout(10, read=read_seconds)
        self.response = self._http.send(self._http.build_request("GET", url, headers=headers), stream=True)
        self._events: queue.SimpleQueue[ServerEvent | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def next(self, seconds: float = WAIT_SECONDS) -> ServerEvent | None:
        """Returns the next event, or None at the end of the response. Raises queue.Empty."""
        return self._events.get(timeout=seconds)

    def until(self, *names: str) -> ServerEvent:
        """Returns the next event with one of these names, and drops those before it."""
        while event := self.next():
            if event.name in names:
                return event
        raise AssertionError(f"the response has ended without {names}")

    def rest(self, seconds: float = WAIT_SECONDS) -> list[ServerEvent]:
        """Waits for the end of the response; returns the events up to it."""
        events: list[ServerEvent] = []
        while (event := self.next(seconds)) is not None:
            events.append(event)
        return events

    def close(self) -> None:
        """Leaves. A thread that waits for data would keep the connection open, so it is shut down first."""
        with contextlib.suppress(OSError, AttributeError):
            stream = self.response.extensions["network_stream"]
            stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self.response.close()
        self._http.close()

    def _read(self) -> None:
        try:
            for event in events_of(self.response.iter_lines()):
                self._events.put(event)
        except (httpx.HTTPError, httpx.StreamError):
            pass
        self._events.put(None)


def events_of(lines: Iterator[str]) -> Iterator[ServerEvent]:
    fields: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif not line and fields:
            data = json.loads(fields["data"]) if "data" in fields else None
            yield ServerEvent(fields.get("event", "message"), data, fields.get("id", ""))
            fields = {}
