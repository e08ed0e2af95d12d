"""Which connections have a place, and whose bytes are dropped first: rules without sockets."""

from __future__ import annotations

import pytest

from tidewire.ground import metrics
from tidewire.serve import idle_connections
from tidewire.serve.address_rates import AddressRates
from tidewire.serve.http_places import HTTPPlaces, PlaceLimits
from tidewire.serve.idle_connections import YOUNG_SECONDS, IdleConnections
from tidewire.serve.kept_bytes import KeptBytes


class Peer:
    """A connection from a network. `ended` says how it was ended."""

    def __init__(self, network: str) -> None:
        self.network, self.ended = network, ""

    def loseConnection(self) -> None:
        self.ended = "lost"

    def cut_off(self) -> None:
        self.ended = "cut off"

    def end_if_idle(self) -> None:
        self.loseConnection()


# -- addresses ---------------------------------------------------------------------------------------------------------


def test_each_network_has_a_rate_of_its_own() -> None:
    rates = AddressRates(burst=2, per_second=1)

    assert [rates.take("a", 0), rates.take("a", 0), rates.take("a", 0)] == [True, True, False]
    assert rates.take("b", 0)
    assert [rates.take("a", 1), rates.take("a", 1)] == [True, False]


def test_rates_take_a_bounded_memory() -> None:
    rates = AddressRates(burst=1, per_second=1, max_networks=10)

    assert all(rates.take(f"2001:db8:{n}::/64", 0) for n in range(1000))
    assert len(rates) == 10


# -- bytes -------------------------------------------------------------------------------------------------------------


def test_the_costliest_connection_is_one_of_the_heaviest_network() -> None:
    """A network with many small shares weighs as much as one with a large one."""
    kept: KeptBytes[Peer] = KeptBytes()
    large, many = Peer("victim"), [Peer("attacker") for _ in range(20)]
    kept.put(large, 5000, now=0)
    for peer in many:
        kept.put(peer, 1000, now=9)

    assert kept.total == 25_000
    assert kept.costliest(now=10) in many
    for peer in many[:16]:
        assert kept.forget(peer) == 1000
    assert kept.costliest(now=10) is large


def test_bytes_cost_more_the_longer_they_are_kept() -> None:
    kept: KeptBytes[Peer] = KeptBytes()
    quick, stalled = Peer("a"), Peer("a")
    kept.put(stalled, 1000, now=0)
    kept.put(quick, 5000, now=9.9)

    assert kept.costliest(now=10) is stalled
    kept.put(stalled, 0, now=10)
    assert kept.costliest(now=10) is quick
    assert kept.forget(quick) == 5000
    assert (kept.total, kept.costliest(now=10), kept.heaviest()) == (0, None, "")


# -- places ------------------------------------------------------------------------------------------------------------


def test_the_oldest_idle_connection_is_found_of_all_and_of_a_network() -> None:
    idle: IdleConnections[Peer] = IdleConnections()
    first, second, third = Peer("a"), Peer("b"), Peer("b")
    for n, peer in enumerate((first, second, third)):
        idle.add(peer, now=n)

    assert idle.oldest(now=10) is first
    assert idle.oldest(now=10, network="b") is second
    assert idle.oldest(now=YOUNG_SECONDS / 2) is None
    idle.discard(first)
    idle.add(second, now=5)
    assert idle.oldest(now=10) is third
    assert idle.oldest(now=10, network="c") is None


def limits(**changes: int) -> PlaceLimits:
    return PlaceLimits(**{"total": 3, "reserve": 2, "idle": 0, "per_address": 0} | changes)


async def test_an_idle_connection_gives_way_and_one_in_a_request_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    places = HTTPPlaces(limits(), sockets=lambda: 0, is_proxied=False)
    peers = [Peer("192.0.2.1") for _ in range(3)]
    assert all(map(places.admit, peers))
    places.begin(peers[0])
    young = Peer("192.0.2.2")
    assert not places.admit(young)  # all that are idle are young
    places.discard(young)
    monkeypatch.setattr(idle_connections, "YOUNG_SECONDS", 0.0)

    assert places.admit(Peer("192.0.2.3"))
    assert [peer.ended for peer in peers] == ["", "lost", ""]


async def test_sockets_take_places_and_the_reserve_is_bounded() -> None:
    places = HTTPPlaces(limits(), sockets=lambda: 3, is_proxied=False)
    surplus = [Peer("192.0.2.1") for _ in range(4)]

    assert not any(map(places.admit, surplus))
    assert [peer.ended for peer in surplus] == ["cut off", "cut off", "", ""]
    assert metrics.cut_offs.labels("surplus")._value.get() >= 2


@pytest.mark.parametrize("network", ["192.0.2.1", "2001:db8::/64", ""])
async def test_an_address_has_a_bounded_number_of_connections(network: str) -> None:
    places = HTTPPlaces(limits(total=100, per_address=2), sockets=lambda: 0, is_proxied=False)
    peers = [Peer(network) for _ in range(3)]

    assert list(map(places.admit, peers)) == [True, True, False]
    assert places.admit(Peer("198.51.100.1"))
    places.discard(peers[0])
    assert places.admit(Peer(network))


@pytest.mark.parametrize("network", ["127.0.0.1", "127.1.2.3", "::1"])
async def test_this_machine_has_no_bound_by_address(network: str) -> None:
    places = HTTPPlaces(limits(total=100, per_address=2), sockets=lambda: 0, is_proxied=False)

    assert all(places.admit(Peer(network)) for _ in range(10))


async def test_behind_proxies_the_requests_count() -> None:
    places = HTTPPlaces(limits(total=100, per_address=2), sockets=lambda: 0, is_proxied=True)
    peers = [Peer("10.0.0.1") for _ in range(5)]
    assert all(map(places.admit, peers))
    for peer in peers:
        peer.network = "192.0.2.1"

    assert list(map(places.is_allowed, peers[:3])) == [True, True, False]
    places.wait(peers[0])
    assert places.is_allowed(peers[3])
