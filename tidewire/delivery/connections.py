"""The connections of this process: how many there are, and which user each belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from tidewire.ground.token_bucket import ClientRate, TokenBucket
from tidewire.protocol.codes import Code, Disconnect

SHARED_RATE = 4
"""All connections of a user together may send this many times what one of them may send."""


class OpenConnection(Protocol):
    """A connection, as far as the registry uses it."""

    address: str

    @property
    def unread(self) -> int: ...

    def end(self, code: Code) -> None: ...


@dataclass(slots=True)
class UserConnections:
    """The connections of one user in this process, oldest first, and the rate limit that they share."""

    connections: dict[OpenConnection, None]
    rate: ClientRate


class Connections:
    """A registry without I/O; every change is one synchronous step. `max_per_user` 0 means no limit."""

    def __init__(
        self, max_per_user: int = 0, burst: float = 60, per_second: float = 30, subscribe_burst: float = 512
    ) -> None:
        self._max_per_user, self._burst, self._per_second = max_per_user, burst, per_second
        # All connections that a user may have come back at the same time, each with all its subscriptions.
        self._subscribe_burst = subscribe_burst * max(1, max_per_user)
        self._user_ids: dict[OpenConnection, str | None] = {}
        self._users: dict[str, UserConnections] = {}
        self._unidentified: Counter[str] = Counter()  # connections without a user, by address

    def __len__(self) -> int:
        return len(self._user_ids)

    def __iter__(self) -> Iterator[OpenConnection]:
        return iter(list(self._user_ids))

    @property
    def users(self) -> int:
        """The number of users that have a connection."""
        return len(self._users)

    def unidentified(self, address: str) -> int:
        """Returns how many connections from this address have not sent a credential yet."""
        return self._unidentified[address]

    def add(self, connection: OpenConnection) -> None:
        self._user_ids[connection] = None
        self._unidentified[connection.address] += 1

    def identify(self, connection: OpenConnection, user_id: str, now: float) -> ClientRate:
        """Gives a connection to its user, and returns the rate limit that it shares with the user's others.

        Above the limit the user's oldest connection ends. It is the likeliest one whose client is gone, whereas a
        client that was refused for good would never come back by itself.
        """
        if connection not in self._user_ids:  # it has ended meanwhile
            return self._shared_rate(now)
        self._forget_unidentified(connection)
        self._user_ids[connection] = user_id
        user = self._users.get(user_id)
        if user is None:
            user = self._users[user_id] = UserConnections({}, self._shared_rate(now))
        user.connections[connection] = None
        if 0 < self._max_per_user < len(user.connections):
            next(iter(user.connections)).end(Disconnect.CONNECTION_LIMIT)
        return user.rate

    def discard(self, connection: OpenConnection) -> None:
        if connection not in self._user_ids:
            return
        self._forget_unidentified(connection)
        user_id = self._user_ids.pop(connection)
        if user_id is None:
            return
        user = self._users[user_id]
        user.connections.pop(connection, None)
        if not user.connections:
            del self._users[user_id]

    def _shared_rate(self, now: float) -> ClientRate:
        per_second = SHARED_RATE * self._per_second
        return ClientRate(
            TokenBucket(SHARED_RATE * self._burst, per_second, now),
            TokenBucket(self._subscribe_burst, per_second, now),
        )

    def _forget_unidentified(self, connection: OpenConnection) -> None:
        if self._user_ids[connection] is None:
            self._unidentified[connection.address] -= 1
            if not self._unidentified[connection.address]:
                del self._unidentified[connection.address]
