"""A forger on Redis as a fault: it answers messages on the layer with forged ones, while a session is logged out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import msgpack
import msgspec
import redis

from tests import forger
from tests.rig.raw import RawSocket
from tests.rig.rest import Person
from tests.soak.history import Closing, now
from tests.soak.stage import Worker
from tidewire.layer.messages import Events

PREFIX = b"tidewire__group__"
CLOSE_SECONDS = 15.0
"""So long a closing is waited for. What counts as late is the checkers' matter."""


class RedisForger:
    """Hears every message of the layer from `start` to `stop`. It cannot sign, but it can copy and change."""

    def __init__(self, port: int) -> None:
        self._redis = redis.Redis(port=port, socket_timeout=5)
        self._sent: set[bytes] = set()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._forge, daemon=True)
        self.count = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join(10)
        self._redis.close()

    def _forge(self) -> None:
        listener = self._redis.pubsub()
        listener.psubscribe("*")
        while not self._is_over.is_set():
            heard = listener.get_message(ignore_subscribe_messages=True, timeout=0.1)
            if heard is None or heard["data"] in self._sent:
                continue
            groups = [name for name in self._redis.pubsub_channels() if name.startswith(PREFIX)]
            for forged in self._answers(heard["data"]):
                packed = msgpack.packb(forged)
                self._sent.add(packed)
                for group in {heard["channel"], *groups[:8]}:
                    self._redis.publish(group, packed)
                    self.count += 1
        listener.close()

    def _answers(self, heard: bytes) -> Iterator[dict[str, Any]]:
        """Yields changed copies, and forged messages about the next events of the same stream and of the revocation
        log, as far as this one says where they stand."""
        try:
            message = msgpack.unpackb(heard)
            if message["type"] != Events.type:
                return
            events = msgspec.msgpack.decode(message["body"], type=Events)
        except (KeyError, TypeError, ValueError, msgspec.MsgspecError, msgpack.UnpackException):
            return
        yield from forger.altered(message)
        yield from forger.forgeries(events.stream, events.epoch, events.entries[-1].offset + 1)
        for offset in (1, 2, 1_000_000):
            yield from forger.forgeries("revocations:all", events.epoch, offset)


def log_out_under_forgery(person: Person, worker: Worker, stream: str, forging: float) -> Closing:
    """Opens a socket of a fresh session, forges around it for so many seconds, and logs the session out. Returns when
    the socket was closed, and with which code."""
    person.log_in()
    with RawSocket(f"ws://127.0.0.1:{worker.port}/connection/websocket") as socket:
        socket.connect(person.access)
        socket.subscribe(stream)
        time.sleep(forging)
        person.post("token/blacklist/", {"refresh": person.refresh}, signed=False)
        answered_at = now()
        try:
            code = socket.close_code(CLOSE_SECONDS)
        except TimeoutError:
            code = 0
        return Closing(answered_at, now(), code)
