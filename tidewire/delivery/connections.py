"""The connections of this process: how many there are, and which user each belongs to."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from tidewire.ground.disconnections import Disconnection
from tidewire.ground.frame_rate import FrameLimits
from tidewire.ground.networks import network_of
from tidewire.ground.token_bucket import ClientRate, TokenBucket
from tidewire.protocol.codes import Code, Disconnect

REMEMBERED = 10_000
"""Users whose rates are kept. Beyond the users that are connected now, those of a minute would be enough."""
SHARED_RATE = 4
"""All connections of a user together may send this many times what one of them may send."""


FRAMES = FrameLimits(burst=2048, per_second=128)


class OpenConnection(Protocol):
    """A connection, as far as the registry uses it. `door` is by which it came, for figures."""

    id: str
    address: str
    door: str

    @property
    def unread(self) -> int: ...

    def end(self, code: Code) -> None: ...


@dataclass(frozen=True, slots=True)
class SharedRates:
    """What all connections of a user together may send: commands and subscribes, and WebSocket frames."""

    client: ClientRate
    frames: TokenBucket


class Connections:
    """A registry without I/O; every change is one synchronous step. 0 means no limit.

    `max_total` is for responses that stay open: sockets are refused before they come here.

    The rates of a user outlive the user's connections: otherwise a client that has used them up would only have to
    connect again. Those of the REMEMBERED users that were seen last are kept.
    """

    def __init__(
        self,
        max_per_user: int = 0,
        burst: float = 60,
        per_second: float = 30,
        subscribe_burst: float = 512,
        frames: FrameLimits = FRAMES,
        max_total: int = 0,
    ) -> None:
        self._max_per_user, self._burst, self._per_second = max_per_user, burst, per_second
        self._frames, self.max_total = frames, max_total
        self.is_closed = False  # once the process is about to end
        # All connections that a user may have come back at the same time, each with all its subscriptions.
        self._subscribe_burst = subscribe_burst * max(1, max_per_user)
        self._user_ids: dict[OpenConnection, str | None] = {}
        self._users: dict[str, dict[OpenConnection, None]] = {}  # of each user, oldest first
        self._rates: OrderedDict[str, SharedRates] = OrderedDict()
        self._unidentified: Counter[str] = Counter()  # connections without a user, by network
        self.received_bytes = 0  # of the messages of all clients

    def __len__(self) -> int:
        return len(self._user_ids)

    def __iter__(self) -> Iterator[OpenConnection]:
        return iter(list(self._user_ids))

    @property
    def users(self) -> int:
        """The number of users that have a connection."""
        return len(self._users)

    @property
    def is_full(self) -> bool:
        return 0 < self.max_total <= len(self)

    def unidentified(self, network: str) -> int:
        """Returns how many connections from this network (`network_of` an address) have not sent a credential yet."""
        return self._unidentified[network]

    def add(self, connection: OpenConnection) -> None:
        self._user_ids[connection] = None
        self._unidentified[network_of(connection.address)] += 1

    def identify(self, connection: OpenConnection, user_id: str, now: float) -> SharedRates:
        """Gives a connection to its user, and returns the rate limits that it shares with the user's others.

        Above the limit the user's oldest connection ends. It is the likeliest one whose client is gone, whereas a
        client that was refused for good would never come back by itself.
        """
        rates = self._shared_rates(user_id, now)
        if connection not in self._user_ids:  # it has ended meanwhile
            return rates
        self._forget_unidentified(connection)
        self._user_ids[connection] = user_id
        connections = self._users.setdefault(user_id, {})
        connections[connection] = None
        if 0 < self._max_per_user < len(connections):
            next(iter(connections)).end(Disconnect.CONNECTION_LIMIT)
        return rates

    def discard(self, connection: OpenConnection) -> None:
        if connection not in self._user_ids:
            return
        self._forget_unidentified(connection)
        user_id = self._user_ids.pop(connection)
        if user_id is None:
            return
        connections = self._users[user_id]
        connections.pop(connection, None)
        if not connections:
            del self._users[user_id]

    def disconnect(self, asked: Disconnection) -> None:
        """Ends connections of a user: those that are named, or all."""
        code = Disconnect.FORCE_NO_RECONNECT if asked.is_final else Disconnect.FORCE_RECONNECT
        for connection in list(self._users.get(asked.user_id, ())):
            if not asked.connection_ids or connection.id in asked.connection_ids:
                connection.end(code)

    def _shared_rates(self, user_id: str, now: float) -> SharedRates:
        rates = self._rates.pop(user_id, None) or self._new_rates(now)
        self._rates[user_id] = rates
        if len(self._rates) > REMEMBERED:
            self._rates.popitem(last=False)
        return rates

    def _new_rates(self, now: float) -> SharedRates:
        per_second = SHARED_RATE * self._per_second
        client = ClientRate(
            TokenBucket(SHARED_RATE * self._burst, per_second, now),
            TokenBucket(self._subscribe_burst, per_second, now),
        )
        # Some SDKs send each subscribe in a frame of its own, on all connections of the user at once.
        return SharedRates(client, self._frames.shared(now, self._frames.burst + self._subscribe_burst))

    def _forget_unidentified(self, connection: OpenConnection) -> None:
        if self._user_ids[connection] is None:
            network = network_of(connection.address)
            self._unidentified[network] -= 1
            if not self._unidentified[network]:
                del self._unidentified[network]
