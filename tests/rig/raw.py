"""A WebSocket without an SDK: sends frames that no SDK would send, and shows what an SDK hides."""

from __future__ import annotations

import json
import time
from collections import deque
from contextlib import ExitStack
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

WAIT_SECONDS = 15.0
Json = dict[str, Any]


class RawSocket:
    """Speaks the protocol in JSON. `receive` answers the pings that it meets."""

    def __init__(self, url: str, **options: Any) -> None:
        self._closing = ExitStack()
        self._socket = self._closing.enter_context(
            connect(url, proxy=None, max_size=2**24, compression=None, **options)
        )
        self._pending: deque[Json] = deque()
        self.frames: list[int] = []  # the size of each frame received, in bytes

    def send_frame(self, frame: str | bytes) -> None:
        """Sends a frame as it is. It is no error when the server closes meanwhile: the test reads the code."""
        try:
            self._socket.send(frame)
        except ConnectionClosed:
            return

    def send(self, *commands: Json) -> None:
        self.send_frame("\n".join(json.dumps(command) for command in commands))

    def receive(self, timeout: float = WAIT_SECONDS) -> Json:
        """Returns the next object that is not a ping."""
        deadline = time.monotonic() + timeout
        while True:
            while not self._pending:
                self._read_frame(deadline - time.monotonic())
            message = self._pending.popleft()
            if message:
                return message
            self.send({})

    def reply(self, id: int, timeout: float = WAIT_SECONDS) -> Json:
        """Returns the reply to the command `id`; skips pushes that come before it."""
        deadline = time.monotonic() + timeout
        while (message := self.receive(deadline - time.monotonic())).get("id") != id:
            pass
        return message

    def connect(self, token: str) -> Json:
        self.send({"id": 1, "connect": {"token": token}})
        return self.reply(1)

    def subscribe(self, channel: str, id: int = 2, **options: Any) -> Json:
        self.send({"id": id, "subscribe": {"channel": channel, **options}})
        return self.reply(id)

    def close_code(self, timeout: float = WAIT_SECONDS) -> int:
        """Reads to the end, answering pings. Returns the code that the server closed with."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.receive(deadline - time.monotonic())
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006

    def publications_to_the_end(self, timeout: float = WAIT_SECONDS) -> tuple[list[Json], int]:
        """Reads pushes until the server ends the subscription or closes the socket.

        Returns the publications and the code of the end. Fails when the close has another code than the push before it.
        """
        publications: list[Json] = []
        announced = None
        try:
            while True:
                push = self.receive(timeout)["push"]
                if "unsubscribe" in push:
                    return publications, push["unsubscribe"]["code"]
                if "disconnect" in push:
                    announced = push["disconnect"]["code"]
                else:
                    publications.append(push["pub"])
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            assert announced in (None, code), f"closed with {code}, after a push of {announced}"
            return publications, code

    def close(self, code: int = 1000) -> None:
        self._socket.close(code)
        self._closing.close()

    def _read_frame(self, timeout: float) -> None:
        frame = self._socket.recv(timeout=max(timeout, 0.001))
        self.frames.append(len(frame) if isinstance(frame, bytes) else len(frame.encode()))
        self._pending.extend(json.loads(line) for line in str(frame).split("\n"))  # texts hold other line ends

    def __enter__(self) -> RawSocket:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
