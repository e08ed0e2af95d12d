"""Commands that do not come on the connection on which their replies go: clients without a WebSocket post them.

A balancer passes such a request to any process. It is handed to the process that has the connection, by the channel
layer; so without Redis only a single process can offer this.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from tidewire.layer.membership import Membership
from tidewire.layer.messages import Commands

Receive = Callable[[bytes], None]


class Emulation:
    """The connections of this process whose commands come as requests of their own, by their keys.

    `node` is the name of this process, which clients send with their commands. Its group on the channel layer is joined
    with the first such connection.
    """

    def __init__(self, membership: Membership) -> None:
        self.node = secrets.token_hex(8)
        self._membership = membership
        self._connections: dict[str, Receive] = {}

    def add(self, key: str, receive: Receive) -> None:
        if not self._connections:
            self._membership.watch(stream_of(self.node))
        self._connections[key] = receive

    def discard(self, key: str) -> None:
        if self._connections.pop(key, None) is not None and not self._connections:
            self._membership.unwatch(stream_of(self.node))

    def hand_over(self, key: str, data: bytes) -> bool:
        """Passes commands on to the connection with this key. Returns False when there is none here."""
        receive = self._connections.get(key)
        if receive is None:
            return False
        receive(data)
        return True

    def receive(self, content: Commands) -> None:
        """Takes in commands that another process was sent. A client that has left needs no answer."""
        self.hand_over(content.key, content.data)


def stream_of(node: str) -> str:
    """Returns the name under which the channel layer knows a process."""
    return f"process:{node}"
