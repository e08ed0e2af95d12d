"""From COMMIT to the write of the frames: one observation for each event, also for one that was healed."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from prometheus_client import REGISTRY

from tidewire.delivery.delivery_times import DeliveryTimes, recorded_at
from tidewire.delivery.flusher import Flusher
from tidewire.ground.positions import Entry


class Queue:
    """A send queue that notes that it was flushed."""

    def __init__(self) -> None:
        self.is_flushed = False

    def flush(self) -> None:
        self.is_flushed = True


def observed(kind: str) -> tuple[float, float]:
    """Returns how many events of a kind were measured, and their seconds in sum."""
    value = REGISTRY.get_sample_value
    labels = {"kind": kind}
    return (
        value("tidewire_delivery_seconds_count", labels) or 0.0,
        value("tidewire_delivery_seconds_sum", labels) or 0.0,
    )


def at(seconds_ago: float) -> str:
    moment = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


async def test_an_event_is_measured_when_its_frames_are_written():
    flusher, queue = Flusher(asyncio.get_running_loop()), Queue()
    times = DeliveryTimes(flusher)
    before = observed("measured")
    flusher.add(queue)
    times.note("measured", Entry(1, "", "t", "{}", committed_at=time.time() - 2))
    assert observed("measured") == before
    await asyncio.sleep(0)
    assert queue.is_flushed
    count, seconds = observed("measured")
    assert count - before[0] == 1
    assert 2 <= seconds - before[1] < 3


async def test_an_event_without_subscribers_is_not_measured_with_the_next_one():
    flusher = Flusher(asyncio.get_running_loop())
    times = DeliveryTimes(flusher)
    times.note("without subscribers", Entry(1, "", "t", "{}", committed_at=time.time() - 60))
    flusher.add(Queue())
    await asyncio.sleep(0)
    assert observed("without subscribers") == (0, 0)


async def test_clocks_that_differ_count_as_no_time():
    flusher = Flusher(asyncio.get_running_loop())
    flusher.add(Queue())
    DeliveryTimes(flusher).note("of another clock", Entry(1, "", "t", "{}", committed_at=time.time() + 60))
    await asyncio.sleep(0)
    assert observed("of another clock") == (1, 0)


def test_a_healed_event_has_the_time_at_which_it_was_recorded():
    payload = f'{{"type":"a.b","id":"0197","at":"{at(5)}","actor":{{}},"data":{{"at":"1970-01-01T00:00:00Z"}}}}'
    assert 5 <= time.time() - recorded_at(payload) < 6
    assert recorded_at("{}") == recorded_at('{"at":"nonsense"}') == 0
