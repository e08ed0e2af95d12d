"""The connections of this process: whose they are, how many, and how all of them end when it drains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from tidewire.ground.token_bucket import TokenBucket
from tidewire.protocol.codes import Code, Disconnect

USER_BUCKETS = 4
"""A user's connections together may do what this many of them may do."""


class Closable(Protocol):
    """A connection, as far as counting it is concerned."""

    address: str

    @property
    def unread(self) -> int: ...

    def end(self, code: Code) -> None: ...


@dataclass(slots=True)
class Person:
    """The connections of one user here, oldest first, and the pace that they share."""

    connections: dict[Closable, None]
    bucket: TokenBucket


class Connections:
    """A registry without I/O; every change is one synchronous step. `max_per_user` 0 is no limit."""

    def __init__(self, max_per_user: int = 0, burst: float = 60, per_second: float = 30) -> None:
        self._max_per_user, self._burst, self._per_second = max_per_user, burst, per_second
        self._all: dict[Closable, str | None] = {}
        self._people: dict[str, Person] = {}
        self._unidentified: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Closable]:
        return iter(list(self._all))

    @property
    def users(self) -> int:
        return len(self._people)

    def unidentified(self, address: str) -> int:
        """Connections from this address that have not said who they are."""
        return self._unidentified[address]

    def add(self, connection: Closable) -> None:
        self._all[connection] = None
        self._unidentified[connection.address] += 1

    def identify(self, connection: Closable, user_id: str, now: float) -> TokenBucket:
        """It belongs to this user now. Above the limit the user's oldest connection ends: it is the likeliest to be
        one whose client is gone, and a client that is sent away for good would never come back by itself."""
        if connection not in self._all:  # ended meanwhile
            return TokenBucket(self._burst, self._per_second, now)
        self._forget_unidentified(connection)
        self._all[connection] = user_id
        person = self._people.get(user_id)
        if person is None:
            bucket = TokenBucket(USER_BUCKETS * self._burst, USER_BUCKETS * self._per_second, now)
            person = self._people[user_id] = Person({}, bucket)
        person.connections[connection] = None
        if 0 < self._max_per_user < len(person.connections):
            next(iter(person.connections)).end(Disconnect.CONNECTION_LIMIT)
        return person.bucket

    def discard(self, connection: Closable) -> None:
        if connection not in self._all:
            return
        self._forget_unidentified(connection)
        user_id = self._all.pop(connection)
        person = self._people.get(user_id) if user_id is not None else None
        if person is not None:
            person.connections.pop(connection, None)
            if not person.connections:
                del self._people[user_id]

    def _forget_unidentified(self, connection: Closable) -> None:
        if self._all[connection] is None:
            self._unidentified[connection.address] -= 1
            if not self._unidentified[connection.address]:
                del self._unidentified[connection.address]
