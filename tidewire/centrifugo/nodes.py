"""The nodes of Centrifugo, by their HTTP API: ending subscriptions and connections on each of them.

A node carries out a call before it answers. One that does not answer may go on to deliver, so nothing is done without
its answer: the caller tries again, and copies no rows meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpcore
import msgspec

from tidewire.ground.conf import conf
from tidewire.protocol.codes import Code

CALL_SECONDS = 2.0
_FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpcore.UnsupportedProtocol)


class NodeAwayError(Exception):
    """A node did not answer, or refused a call. The message names it."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of a user's subscriptions to a stream: of one connection, or of all where `client` is empty."""

    stream: str
    user: str
    client: str = ""


class Nodes:
    """All nodes. Used by one thread at a time."""

    def __init__(self, addresses: Sequence[str], key: str) -> None:
        """`addresses` are those of their HTTP APIs, such as "http://10.0.0.7:8000/api"."""
        self.addresses = [address.rstrip("/") for address in addresses]
        self._headers = [("X-API-Key", key), ("Content-Type", "application/json")]
        self._pool = httpcore.ConnectionPool(max_connections=4 * max(1, len(self.addresses)), retries=1)
        self._threads = ThreadPoolExecutor(max(1, len(self.addresses)), "tidewire-nodes")

    def unsubscribe(self, ends: Iterable[End]) -> None:
        """Ends subscriptions, on every node. Raises NodeAwayError."""
        self._call_all([_unsubscribe(end) for end in ends])

    def disconnect(self, user: str, clients: Collection[str], ends: Iterable[End], code: Code) -> None:
        """Ends these connections of a user, or all of them when there are none, on every node. Raises NodeAwayError.

        A node ends a connection a moment after it has answered, but a subscription before: `ends` are the ones that
        these connections may have.
        """
        reason = {"disconnect": {"code": code.code, "reason": code.reason}}
        self._call_all(
            [
                *(_unsubscribe(end) for end in ends),
                *({"disconnect": {"user": user, "client": client, **reason}} for client in clients or [""]),
            ]
        )

    def check(self) -> None:
        """Raises NodeAwayError if a node does not answer to our key."""
        self._call_all([{"info": {}}])

    def close(self) -> None:
        self._threads.shutdown(wait=False)
        self._pool.close()

    def _call_all(self, commands: list[dict[str, Any]]) -> None:
        if commands:
            body = msgspec.json.encode({"commands": commands})
            list(self._threads.map(lambda address: self._call(address, body), self.addresses))

    def _call(self, address: str, body: bytes) -> None:
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), CALL_SECONDS)
        try:
            answer = self._pool.request(
                "POST", f"{address}/batch", headers=self._headers, content=body, extensions={"timeout": timeout}
            )
        except _FAILURES as error:
            raise NodeAwayError(f"{address} does not answer: {error or type(error).__name__}") from error
        if answer.status != 200:
            raise NodeAwayError(f"{address} answers {answer.status}")
        for reply in _replies(answer.content, address):
            if "error" in reply:
                raise NodeAwayError(f"{address} refuses a call: {reply['error']}")


class _Batch(msgspec.Struct):
    replies: list[dict[str, Any]]


def _replies(content: bytes, address: str) -> list[dict[str, Any]]:
    try:
        return msgspec.json.decode(content, type=_Batch).replies
    except msgspec.MsgspecError as error:
        raise NodeAwayError(f"{address} answers as no node does: {error}") from error


def _unsubscribe(end: End) -> dict[str, Any]:
    return {"unsubscribe": {"channel": end.stream, "user": end.user, "client": end.client}}


def configured() -> Nodes:
    """Returns the nodes of the settings."""
    return Nodes(conf.CENTRIFUGO_NODES, conf.CENTRIFUGO_API_KEY)
