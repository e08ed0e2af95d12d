"""Timers of the wheel fire once, in order and a little late. Cancelled timers do not fire."""

import asyncio

import pytest

from tidewire.ground.timer_wheel import COARSE_SECONDS, TURN_SECONDS, TimerWheel


class Clock:
    """Stands in for the event loop. Its time passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.1
        self.timers: list[tuple[float, object, tuple]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds, call, *args):
        self.timers.append((self.now + seconds, call, args))

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while due := sorted((t for t in self.timers if t[0] <= end), key=lambda t: t[0]):
            self.timers.remove(due[0])
            self.now = due[0][0]
            due[0][1](*due[0][2])
        self.now = end


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timer_wheel(clock) -> TimerWheel:
    return TimerWheel(clock)


def test_timers_fire_once_and_never_early(clock, timer_wheel):
    fired = []
    for seconds in (5, 3, 3.1, 20):
        timer_wheel.call_later(seconds, lambda s=seconds: fired.append((s, clock.now)))
    began = clock.now
    clock.advance(60)
    assert [seconds for seconds, _ in fired] == [3, 3.1, 5, 20]
    assert all(seconds <= at - began <= seconds + 2 * TURN_SECONDS for seconds, at in fired)


def test_the_loop_has_one_timer_and_none_when_nothing_is_due(clock, timer_wheel):
    handles = [timer_wheel.call_later(10, lambda: None) for _ in range(1000)]
    assert len(clock.timers) == 1
    for handle in handles:
        handle.cancel()
    clock.advance(30)
    assert clock.timers == []
    timer_wheel.call_later(5, lambda: None)
    assert len(clock.timers) == 1


def test_a_timer_that_is_cancelled_by_another_of_its_slot_does_not_fire(clock, timer_wheel):
    fired, handles = [], {}

    def cancel_the_other(name: str, other: str) -> None:
        fired.append(name)
        handles[other].cancel()

    handles["a"] = timer_wheel.call_later(5, cancel_the_other, "a", "b")
    handles["b"] = timer_wheel.call_later(5, cancel_the_other, "b", "a")
    clock.advance(10)
    assert fired == ["a"]
    handles["a"].cancel()  # harmless afterwards


def test_a_call_that_fails_does_not_stop_the_wheel(clock, timer_wheel, caplog):
    fired = []
    timer_wheel.call_later(5, lambda: 1 / 0)
    timer_wheel.call_later(5, fired.append, "next")
    timer_wheel.call_later(9, fired.append, "later")
    clock.advance(20)
    assert fired == ["next", "later"]
    assert "ZeroDivisionError" in caplog.text


def test_a_timer_that_is_set_while_the_wheel_turns_fires(clock, timer_wheel):
    fired = []

    def again() -> None:
        fired.append(clock.now)
        if len(fired) < 3:
            timer_wheel.call_later(COARSE_SECONDS, again)

    timer_wheel.call_later(COARSE_SECONDS, again)
    clock.advance(30)
    assert len(fired) == 3


async def test_a_timer_that_is_due_soon_is_the_loops_own():
    timer_wheel, done = TimerWheel(asyncio.get_running_loop()), asyncio.Event()
    timer_wheel.call_later(0.01, done.set)
    await asyncio.wait_for(done.wait(), 10)
