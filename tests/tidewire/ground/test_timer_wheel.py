"""One timer for all: what is due happens once, in order, a little late; what was cancelled does not."""

import asyncio

import pytest

from tidewire.ground.timer_wheel import COARSE_SECONDS, TURN_SECONDS, TimerWheel


class Clock:
    """A loop, as far as a wheel asks it: time passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.1
        self.timers: list[tuple[float, object, tuple]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds, call, *args):
        self.timers.append((self.now + seconds, call, args))

    def pass_(self, seconds: float) -> None:
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


def test_what_is_due_happens_once_and_never_early(clock, timer_wheel):
    happened = []
    for seconds in (5, 3, 3.1, 20):
        timer_wheel.call_later(seconds, lambda s=seconds: happened.append((s, clock.now)))
    began = clock.now
    clock.pass_(60)
    assert [seconds for seconds, _ in happened] == [3, 3.1, 5, 20]
    assert all(seconds <= at - began <= seconds + 2 * TURN_SECONDS for seconds, at in happened)


def test_there_is_one_timer_and_none_when_nothing_is_due(clock, timer_wheel):
    handles = [timer_wheel.call_later(10, lambda: None) for _ in range(1000)]
    assert len(clock.timers) == 1
    for handle in handles:
        handle.cancel()
    clock.pass_(30)
    assert clock.timers == []
    timer_wheel.call_later(5, lambda: None)
    assert len(clock.timers) == 1


def test_what_was_cancelled_does_not_happen_also_when_it_was_due_together(clock, timer_wheel):
    happened, handles = [], {}

    def cancel_the_other(name: str, other: str) -> None:
        happened.append(name)
        handles[other].cancel()

    handles["a"] = timer_wheel.call_later(5, cancel_the_other, "a", "b")
    handles["b"] = timer_wheel.call_later(5, cancel_the_other, "b", "a")
    clock.pass_(10)
    assert happened == ["a"]
    handles["a"].cancel()  # harmless afterwards


def test_what_fails_does_not_stop_the_wheel(clock, timer_wheel, caplog):
    happened = []
    timer_wheel.call_later(5, lambda: 1 / 0)
    timer_wheel.call_later(5, happened.append, "next")
    timer_wheel.call_later(9, happened.append, "later")
    clock.pass_(20)
    assert happened == ["next", "later"]
    assert "ZeroDivisionError" in caplog.text


def test_what_is_put_in_while_it_turns_has_its_turn(clock, timer_wheel):
    happened = []

    def again() -> None:
        happened.append(clock.now)
        if len(happened) < 3:
            timer_wheel.call_later(COARSE_SECONDS, again)

    timer_wheel.call_later(COARSE_SECONDS, again)
    clock.pass_(30)
    assert len(happened) == 3


async def test_what_is_due_soon_has_a_timer_of_its_own():
    timer_wheel, done = TimerWheel(asyncio.get_running_loop()), asyncio.Event()
    timer_wheel.call_later(0.01, done.set)
    await asyncio.wait_for(done.wait(), 10)
