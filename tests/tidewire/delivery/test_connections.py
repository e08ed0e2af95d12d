"""The registry counts the connections of each user and of each address."""

from __future__ import annotations

from tidewire.delivery import connections as registry
from tidewire.delivery.connections import SHARED_RATE, Connections


class Connection:
    def __init__(self, address: str = "192.0.2.1") -> None:
        self.address, self.unread = address, 0
        self.ended_with: list[int] = []

    def end(self, code) -> None:
        self.ended_with.append(code.code)


def test_a_connection_is_unidentified_until_its_user_is_known():
    connections, one, other = Connections(), Connection(), Connection()
    connections.add(one)
    connections.add(other)
    assert (connections.unidentified("192.0.2.1"), connections.users, len(connections)) == (2, 0, 2)
    connections.identify(one, "alice", now=0)
    assert (connections.unidentified("192.0.2.1"), connections.users) == (1, 1)
    connections.discard(other)
    connections.discard(other)
    assert (connections.unidentified("192.0.2.1"), list(connections)) == (0, [one])


def test_a_user_is_forgotten_with_the_last_connection():
    connections, one, other = Connections(), Connection(), Connection()
    for connection in (one, other):
        connections.add(connection)
        connections.identify(connection, "alice", now=0)
    connections.discard(one)
    assert connections.users == 1
    connections.discard(other)
    assert (connections.users, len(connections)) == (0, 0)


def test_above_the_limit_the_oldest_connection_of_the_user_ends():
    connections = Connections(max_per_user=2)
    opened = [Connection() for _ in range(3)]
    for connection in opened:
        connections.add(connection)
        connections.identify(connection, "alice", now=0)
    assert [connection.ended_with for connection in opened] == [[3504], [], []]


def test_the_connections_of_a_user_share_one_rate():
    connections, buckets = Connections(burst=1, per_second=1), []
    for user_id in ("alice", "alice", "bob"):
        connection = Connection()
        connections.add(connection)
        buckets.append(connections.identify(connection, user_id, now=0).client)
    assert buckets[0] is buckets[1]
    assert buckets[0] is not buckets[2]
    assert [buckets[0].commands.take(0) for _ in range(SHARED_RATE + 1)] == [True] * SHARED_RATE + [False]


def test_a_user_who_connects_again_meets_the_same_rate():
    """Otherwise a client that has used it up would only have to close its socket."""
    connections, rates = Connections(), []
    for _ in range(2):
        connection = Connection()
        connections.add(connection)
        rates.append(connections.identify(connection, "alice", now=0))
        connections.discard(connection)
    assert rates[0] is rates[1]
    assert connections.users == 0


def test_so_many_users_are_remembered_and_no_more(monkeypatch):
    monkeypatch.setattr(registry, "REMEMBERED", 2)
    connections = Connections()
    first = connections.identify(Connection(), "alice", now=0)
    for user_id in ("bob", "alice", "charlie"):
        connections.identify(Connection(), user_id, now=0)
    assert connections.identify(Connection(), "alice", now=0) is first
    assert len(connections._rates) == 2


def test_a_connection_that_has_ended_is_not_registered_again():
    connections, gone = Connections(), Connection()
    connections.add(gone)
    connections.discard(gone)
    connections.identify(gone, "alice", now=0)
    assert (connections.users, len(connections)) == (0, 0)
