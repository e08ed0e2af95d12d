"""Frames are counted for each socket, and together for an address or an account."""

from __future__ import annotations

from tidewire.ground import frame_rate
from tidewire.ground.frame_rate import COUNTED_BYTES, FREE_FRAMES, SHARED, AddressFrames, FrameLimits, FrameRate

LIMITS = FrameLimits(burst=20, per_second=2.0, flood_seconds=5.0)


def send(rate: FrameRate, count: int, now: float = 0.0, size: int = 0) -> None:
    for _ in range(count):
        rate.spend(size, now)


def test_a_burst_is_read_at_once_and_more_at_the_rate():
    rate = FrameRate(LIMITS, None, now=0.0)
    send(rate, 19)
    assert rate.wait(0.0) == 0.0
    send(rate, 1)
    assert (rate.wait(0.0), rate.wait(0.5)) == (0.5, 0.0)


def test_a_long_frame_counts_as_several():
    rate = FrameRate(LIMITS, None, now=0.0)
    send(rate, 1, size=19 * COUNTED_BYTES)
    assert rate.wait(0.0) > 0.0


def test_a_pong_that_was_asked_for_costs_nothing():
    rate = FrameRate(LIMITS, LIMITS.shared(0.0), now=0.0)
    for _ in range(1000):
        rate.spend(0, 0.0)
        rate.give_back(0.0)
    assert rate.wait(0.0) == 0.0


def test_frames_are_not_saved_up_by_giving_them_back():
    rate = FrameRate(LIMITS, None, now=0.0)
    for _ in range(1000):
        rate.give_back(0.0)
    send(rate, LIMITS.burst)
    assert rate.wait(0.0) > 0.0


def test_the_sockets_of_an_address_share_a_rate_that_outlives_them():
    addresses = AddressFrames(LIMITS)
    for _ in range(SHARED + 1):
        one = FrameRate(LIMITS, addresses.bucket("192.0.2.1", 0.0), now=0.0)
        send(one, LIMITS.burst + FREE_FRAMES)
    late = FrameRate(LIMITS, addresses.bucket("192.0.2.1", 0.0), now=0.0)
    send(late, FREE_FRAMES)
    assert late.wait(0.0) > 0.0
    other = FrameRate(LIMITS, addresses.bucket("192.0.2.2", 0.0), now=0.0)
    send(other, FREE_FRAMES)
    assert other.wait(0.0) == 0.0


def test_a_client_can_connect_though_its_address_has_used_up_its_share():
    addresses = AddressFrames(LIMITS)
    shared = addresses.bucket("192.0.2.1", 0.0)
    assert shared is not None
    shared.spend(0.0, 1000)
    rate = FrameRate(LIMITS, shared, now=0.0)
    send(rate, FREE_FRAMES - 1)
    assert rate.wait(0.0) == 0.0
    send(rate, 1)
    assert rate.wait(0.0) > 0.0
    resumed: list[float] = []
    rate.on_share = lambda: resumed.append(rate.wait(0.0))
    rate.share(LIMITS.shared(0.0))  # the credential was accepted
    assert resumed == [0.0]


def test_only_so_many_addresses_are_remembered(monkeypatch):
    monkeypatch.setattr(frame_rate, "MAX_ADDRESSES", 2)
    addresses = AddressFrames(LIMITS)
    buckets = [addresses.bucket(address, 0.0) for address in ("a", "b", "a", "c", "a")]
    assert (len(addresses), buckets[0] is buckets[2] is buckets[4]) == (2, True)
    assert addresses.bucket("", 0.0) is None


def test_a_client_that_goes_on_and_on_floods():
    rate = FrameRate(LIMITS, None, now=0.0)
    send(rate, 30)
    for now in (0.0, 2.0, 4.0, 5.0):
        send(rate, 4, now)
        assert rate.wait(now) > 0.0
        assert not rate.is_flooded(now)
    send(rate, 4, 5.5)
    assert rate.wait(5.5) > 0.0
    assert rate.is_flooded(5.5)


def test_a_client_that_pauses_does_not_flood():
    rate = FrameRate(LIMITS, None, now=0.0)
    for now in (0.0, 30.0, 60.0):
        send(rate, 25, now)
        assert rate.wait(now) > 0.0
        assert not rate.is_flooded(now)
        assert rate.wait(now + 25.0) == 0.0
