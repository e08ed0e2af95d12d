"""Programs that follow streams by Durable Streams, with the interface of the SDKs' agents as far as devices use it.

Each stream has a thread with one request at a time: a long poll, or a response of server-sent events. A program goes on
from the last offset that it has handed over, whatever ends a request.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.rig.http_events import EventReader
from tests.rig.rest import API
from tests.sdk.agents import Position, SdkEvent

RETRY_SECONDS = 0.3
READ_SECONDS = 10.0
"""Above LONG_POLL_SECONDS and RESPONSE_SECONDS of the soak: without an answer by then the process is frozen or gone."""
NOT_READABLE, LOST_ACCESS = 103, 2000

TRANSIENT = (httpx.HTTPError, OSError, queue.Empty, json.JSONDecodeError, AssertionError)
"""A process that is gone or frozen, a token that cannot be renewed now, an answer that was cut off."""

Batch = tuple[list[Any], str]
"""Events, and the offset after them."""


class GoneError(Exception):
    """The log does not go on from the offset."""


class EndedError(Exception):
    """The stream may not be read: `code` is that of the protocol."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class LogAgent:
    """One program. Its events are recorded as those of an SDK."""

    name = "log"
    live = "sse"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._followers: dict[str, Follower] = {}
        self._wanted: dict[str, Callable[[], Position]] = {}
        self.url, self.get_token = "", str

    def connect(self, url: str, *, token: str = "", get_token: Callable[[], str] | None = None) -> None:
        self.url, self.get_token = f"http://{urlsplit(url).netloc}", get_token or (lambda: token)
        self.reconnect()

    def subscribe(self, channel: str, *, get_state: Callable[[], Position]) -> None:
        self._wanted[channel] = get_state
        self._follow(channel)

    def unsubscribe(self, channel: str) -> None:
        self._wanted.pop(channel, None)
        self._stop(channel)

    def disconnect(self) -> None:
        for channel in list(self._followers):
            self._stop(channel)
        self._record(SdkEvent("disconnected", code=0))

    def reconnect(self) -> None:
        self._record(SdkEvent("connected"))
        for channel in self._wanted:
            self._follow(channel)

    def close(self) -> None:
        for channel in list(self._followers):
            self._stop(channel)

    def record(self, follower: Follower, *events: SdkEvent) -> None:
        """Records what a follower has got, unless it was stopped meanwhile."""
        with self._lock:
            if self._followers.get(follower.channel) is follower:
                for event in events:
                    self._record(event)

    def batches(self, follower: Follower, offset: str) -> Iterator[Batch]:
        """Yields what one request brings after an offset. Raises GoneError, EndedError, httpx.HTTPError."""
        query = f"{self.url}{API}streams/{follower.channel}/log/?live=sse&offset={offset}"
        reader = EventReader(query, self.get_token(), read_seconds=READ_SECONDS)
        follower.reader = reader
        try:
            _check(reader.response.status_code)
            events: list[Any] = []
            while (event := reader.next(READ_SECONDS)) is not None:
                if event.name == "data":
                    events = event.data
                elif event.name == "control":
                    yield events, event.data["streamNextOffset"]
                    events = []
                elif event.name == "unsubscribe":
                    raise EndedError(event.data["code"])
        finally:
            follower.reader = None
            reader.close()

    def _follow(self, channel: str) -> None:
        self._stop(channel)
        follower = Follower(self, channel, self._wanted[channel])
        with self._lock:
            self._followers[channel] = follower
        threading.Thread(target=follower.run, daemon=True).start()

    def _stop(self, channel: str) -> None:
        with self._lock:
            follower = self._followers.pop(channel, None)
        if follower is not None:
            follower.stop()

    def _record(self, event: SdkEvent) -> None:
        raise NotImplementedError("a device says where events go")


class LongPollAgent(LogAgent):
    name = "poll"

    def batches(self, follower: Follower, offset: str) -> Iterator[Batch]:
        query = f"{self.url}{API}streams/{follower.channel}/log/"
        answer = httpx.get(
            query,
            params={"live": "long-poll", "offset": offset},
            headers={"Authorization": f"Bearer {self.get_token()}"},
            timeout=httpx.Timeout(5, read=READ_SECONDS),
            trust_env=False,
        )
        _check(answer.status_code)
        yield (answer.json() if answer.content else []), answer.headers["stream-next-offset"]


class Follower:
    """Follows one stream until it is stopped, or until the stream may not be read any more."""

    def __init__(self, agent: LogAgent, channel: str, get_state: Callable[[], Position]) -> None:
        self.agent, self.channel, self._get_state = agent, channel, get_state
        self.reader: EventReader | None = None
        self._is_over = threading.Event()

    def stop(self) -> None:
        self._is_over.set()
        if (reader := self.reader) is not None:
            reader.close()

    def run(self) -> None:
        """Begins at the device's position. Where the log does not go on from it, asks the device for a fresh one."""
        while not self._is_over.is_set():
            try:
                start = self._get_state()
            except Exception:  # the server does not answer the device, or its connection is another by now
                self._is_over.wait(RETRY_SECONDS)
                continue
            try:
                self._follow(start)
            except GoneError:
                continue
            except EndedError as end:
                self.agent.record(self, SdkEvent("unsubscribed", self.channel, code=end.code))
                return

    def _follow(self, start: Position) -> None:
        """Goes on from a position for as long as the log does. Raises GoneError and EndedError."""
        offset = f"{1:010d}_{start['offset']:016d}_{start['epoch']}" if start["epoch"] else "-1"
        is_subscribed = False
        while not self._is_over.is_set():
            try:
                for events, next_offset in self.agent.batches(self, offset):
                    _, number, epoch = next_offset.split("_")
                    before = int(number) - len(events)
                    if not is_subscribed:
                        self._subscribed({"epoch": epoch, "offset": before})
                        is_subscribed = True
                    self._publications(before, events)
                    offset = next_offset
            except TRANSIENT:
                self._is_over.wait(RETRY_SECONDS)

    def _subscribed(self, position: Position) -> None:
        event = SdkEvent("subscribed", self.channel, was_recovering=True, recovered=True, position=position)
        self.agent.record(self, event)

    def _publications(self, before: int, events: list[Any]) -> None:
        """Records the events that follow the offset `before`."""
        publications = [
            SdkEvent("publication", self.channel, offset=offset, data=event)
            for offset, event in enumerate(events, before + 1)
        ]
        self.agent.record(self, *publications)


def _check(status: int) -> None:
    if status == 410:
        raise GoneError
    if status == 404:
        raise EndedError(NOT_READABLE)
    if status not in (200, 204):
        raise ConnectionError(f"answered {status}")  # the token has ended, or the process
