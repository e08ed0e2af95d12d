"""Frames are refused by their heads, and a client has a budget of them. In this process, without a connection."""

from __future__ import annotations

from collections.abc import Callable

import h2.connection
import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hyperframe.frame import ContinuationFrame, DataFrame, HeadersFrame, PingFrame

from tidewire.serve.address_rates import AddressRates
from tidewire.serve.http2 import budget, frames
from tidewire.serve.http2.budget import Budget
from tidewire.serve.http2.driver import TABLE_BYTES, Driver
from tidewire.serve.http2.frames import PREFACE, ConnectionFailedError, Frame, FrameReader

PING = Frame(frames.PING, 0, 0, 8, b"")


@pytest.fixture
def reader() -> FrameReader:
    reader = FrameReader()
    reader.add(PREFACE)
    assert reader.next() is None
    return reader


def test_frames_arrive_in_any_pieces(reader: FrameReader) -> None:
    sent = PingFrame(0, b"12345678").serialize() + DataFrame(1, b"body").serialize()
    found = []
    for byte in sent:
        reader.add(bytes([byte]))
        if (frame := reader.next()) is not None:
            found.append(frame)

    assert [(frame.type, frame.stream_id, frame.length) for frame in found] == [(6, 0, 8), (0, 1, 4)]
    assert b"".join(frame.raw for frame in found) == sent


def test_another_protocol_is_told_by_its_first_bytes() -> None:
    reader = FrameReader()
    reader.add(b"GET / HTTP")

    with pytest.raises(ConnectionFailedError):
        reader.next()


def test_a_long_frame_is_refused_by_its_head(reader: FrameReader) -> None:
    reader.add((frames.MAX_FRAME_BYTES + 1).to_bytes(3, "big") + bytes(6))

    with pytest.raises(ConnectionFailedError) as refused:
        reader.next()
    assert refused.value.code is ErrorCodes.FRAME_SIZE_ERROR


@pytest.mark.parametrize("size", [0, 1, 3000])
def test_a_header_block_ends_or_is_refused_before_it_is_long(reader: FrameReader, size: int) -> None:
    taken: list[int] = []

    def send_for_ever() -> None:
        reader.add(HeadersFrame(1, b"x" * size).serialize())
        while (frame := reader.next()) is not None:
            taken.append(frame.length)
            assert reader.is_waiting
            reader.add(ContinuationFrame(1, b"x" * size).serialize())

    with pytest.raises(ConnectionFailedError) as refused:
        send_for_ever()
    assert refused.value.code is ErrorCodes.ENHANCE_YOUR_CALM
    assert sum(taken) <= frames.MAX_BLOCK_BYTES


def test_what_has_begun_is_waited_for_unless_it_is_a_body(reader: FrameReader) -> None:
    assert not reader.is_waiting
    reader.add(PingFrame(0).serialize()[:12])
    assert reader.next() is None
    assert reader.is_waiting
    reader.add(PingFrame(0).serialize()[12:])
    assert reader.next() is not None
    assert not reader.is_waiting
    reader.add(DataFrame(1, b"body").serialize()[:10])
    assert reader.next() is None
    assert not reader.is_waiting


# -- the budget --------------------------------------------------------------------------------------------------------


def allowed(spend: Callable[[], None]) -> int:
    """Returns how often this is allowed before it is refused."""
    for count in range(100_000):
        try:
            spend()
        except ConnectionFailedError:
            return count
    raise AssertionError("there is no end to it")


def spent(found: Budget, frame: Frame = PING, now: float = 0.0) -> int:
    """Returns how many such frames the budget allows at this time."""
    return allowed(lambda: found.spend_frame(frame, now))


def test_frames_beyond_what_answers_need_are_few() -> None:
    found = Budget(None, budget.address_rates(), 0.0)

    assert spent(found) == budget.FRAME_BURST
    assert spent(found, now=10.0) == 10 * budget.FRAMES_PER_SECOND


def test_answers_earn_frames_and_no_client_saves_many() -> None:
    found = Budget(None, budget.address_rates(), 0.0)
    for _ in range(10_000):
        found.earn()

    assert spent(found) == budget.MAX_EARNED + budget.FRAME_BURST


def test_a_long_piece_of_a_body_is_no_frame_and_a_tiny_one_is() -> None:
    found = Budget(None, budget.address_rates(), 0.0)
    for _ in range(10_000):
        found.spend_frame(Frame(frames.DATA, 0, 1, budget.SMALL_DATA_BYTES, b""), 0.0)

    assert spent(found, Frame(frames.DATA, 0, 1, 0, b"")) == budget.FRAME_BURST


def test_cancelled_requests_are_counted_apart() -> None:
    found = Budget(None, budget.address_rates(), 0.0)

    assert allowed(lambda: found.spend_reset(0.0)) == budget.RESET_BURST


def test_connections_of_one_address_share_a_budget_and_another_address_has_its_own() -> None:
    rates = AddressRates(budget.ADDRESS_FRAME_BURST, budget.ADDRESS_FRAMES_PER_SECOND)
    of_one = sum(spent(Budget("203.0.113.7", rates, 0.0)) for _ in range(20))

    assert of_one == budget.ADDRESS_FRAME_BURST
    assert spent(Budget("198.51.100.9", rates, 0.0)) == budget.FRAME_BURST


# -- the driver --------------------------------------------------------------------------------------------------------


def test_a_client_does_not_choose_the_size_of_our_table() -> None:
    client = h2.connection.H2Connection()
    client.initiate_connection()
    client.update_settings({SettingCodes.HEADER_TABLE_SIZE: 2**31})
    driver = Driver()

    driver.receive_data(client.data_to_send()[len(PREFACE) :])
    driver.keep_table_small()

    assert driver.encoder.header_table_size == TABLE_BYTES


def test_what_the_driver_remembers_of_ended_streams_does_not_grow() -> None:
    client, driver = h2.connection.H2Connection(), Driver()
    client.initiate_connection()
    for number in range(1, 2001, 2):
        client.send_headers(
            number, [(":method", "GET"), (":path", "/"), (":scheme", "https"), (":authority", "a")], True
        )
        data = client.data_to_send()
        driver.receive_data(data[len(PREFACE) :] if number == 1 else data)
        driver.send_headers(number, [(b":status", b"204")], end_stream=True)

    assert len(driver.streams) + len(driver._closed_streams) <= 2 * Driver.MAX_CLOSED_STREAMS
