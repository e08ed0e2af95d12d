"""Puts the failpoints in place when Django starts.

They replace functions of the engine by name. A function that moved would leave its failpoint without effect, so each
has a test (tests/soak/test_failpoints.py).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.apps import AppConfig
from django.utils import timezone

from tests.soak.failpoints import KILL_AFTER_COMMIT, KILL_AFTER_NEXT_COMMIT, KILL_BEFORE_COMMIT, PRESENCE, SKEW


class FailpointsConfig(AppConfig):
    name = "tests.soak.failpoints"
    label = "failpoints"
    _is_armed = False

    def __init__(self, *args: Any) -> None:
        """Runs before models are imported, whose fields take `timezone.now` as their default."""
        super().__init__(*args)
        self._skew = timedelta(seconds=float(os.environ.get(SKEW, "0")))
        if self._skew:
            _set_clock_off(self._skew)

    def ready(self) -> None:
        from tidewire.delivery import presence, presence_stores
        from tidewire.log import event_log
        from tidewire.transactions import commit

        append = event_log.append

        def append_or_die(encoded: list[Any], using: str, *, commits: bool = False) -> list[Any]:
            """Dies after the events were inserted. They are inserted without COMMIT, which could go with them."""
            if not _contains(KILL_BEFORE_COMMIT, encoded):
                return append(encoded, using, commits=commits)
            append(encoded, using)
            _die()
            raise AssertionError("unreachable")

        def die_after_commit(recorded: list[Any]) -> None:
            if _contains(KILL_AFTER_COMMIT, recorded) or (self._is_armed and recorded):
                _die()
            self._is_armed = _contains(KILL_AFTER_NEXT_COMMIT, recorded)

        event_log.append = append_or_die
        commit._announcers.insert(0, die_after_commit)  # before the publisher
        if self._skew:
            _set_modules_off(self._skew)
        if seconds := float(os.environ.get(PRESENCE, "0")):
            presence_stores.EXPIRE_SECONDS, presence.CONFIRM_SECONDS = seconds, 0.4 * seconds


def _contains(text: str, events: Iterable[Any]) -> bool:
    return any(text in event.payload for event in events)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _set_clock_off(skew: timedelta) -> None:
    """Moves the time of day of this process, as `time` and Django tell it.

    The monotonic clock stays, and so do the times inside UUIDs, which a library in Rust reads.
    """
    real_time, real_now, real_ns = time.time, timezone.now, time.time_ns
    time.time = lambda: real_time() + skew.total_seconds()
    time.time_ns = lambda: real_ns() + int(skew.total_seconds() * 1e9)
    timezone.now = lambda: real_now() + skew


def _set_modules_off(skew: timedelta) -> None:
    """Does the same in the modules that ask `datetime`: those of the tokens and of the events."""
    import jwt.api_jwt
    import rest_framework_simplejwt.tokens
    import rest_framework_simplejwt.utils

    from tidewire.log import building, event_log

    class Datetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + skew

    jwt.api_jwt.datetime = building.datetime = event_log.datetime = Datetime
    for module in (rest_framework_simplejwt.utils, rest_framework_simplejwt.tokens):
        module.aware_utcnow = timezone.now
