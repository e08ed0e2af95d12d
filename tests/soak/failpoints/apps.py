"""Puts the failpoints in place when Django starts."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.apps import AppConfig

from tests.soak.failpoints import KILL_AFTER_COMMIT, KILL_AFTER_NEXT_COMMIT, KILL_BEFORE_COMMIT, PRESENCE, SKEW


class FailpointsConfig(AppConfig):
    name = "tests.soak.failpoints"
    label = "failpoints"
    _is_armed = False

    def ready(self) -> None:
        from tidewire.delivery import presence
        from tidewire.layer import publisher
        from tidewire.log import event_log

        append, publish = event_log.append, publisher.publish

        def append_or_die(encoded: list[Any], using: str, *, commits: bool = False) -> list[Any]:
            """COMMIT would go with the events: whoever dies before it dies after they were inserted."""
            if not _is_said(KILL_BEFORE_COMMIT, encoded):
                return append(encoded, using, commits=commits)
            append(encoded, using)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError("unreachable")

        def publish_or_die(recorded: list[Any]) -> None:
            _die_if_said(KILL_AFTER_COMMIT, recorded)
            if self._is_armed and recorded:
                os.kill(os.getpid(), signal.SIGKILL)
            self._is_armed = _is_said(KILL_AFTER_NEXT_COMMIT, recorded)
            publish(recorded)

        event_log.append, publisher.publish = append_or_die, publish_or_die
        if skew := float(os.environ.get(SKEW, "0")):
            _set_clock_off(skew)
        if seconds := float(os.environ.get(PRESENCE, "0")):
            presence.EXPIRE_SECONDS, presence.CONFIRM_SECONDS = seconds, 0.4 * seconds


def _die_if_said(what: str, recorded: Iterable[Any]) -> None:
    if _is_said(what, recorded):
        os.kill(os.getpid(), signal.SIGKILL)


def _is_said(what: str, recorded: Iterable[Any]) -> bool:
    return any(what in event.payload for event in recorded)


def _set_clock_off(seconds: float) -> None:
    """What this process takes for the time of day: Django's, the tokens' and the ids'. Its monotonic clock runs on."""
    import jwt.api_jwt
    import rest_framework_simplejwt.tokens
    import rest_framework_simplejwt.utils
    from django.utils import timezone

    real_time, real_now, real_ns = time.time, timezone.now, time.time_ns
    time.time = lambda: real_time() + seconds
    time.time_ns = lambda: real_ns() + int(seconds * 1e9)
    timezone.now = lambda: real_now() + timedelta(seconds=seconds)

    class Datetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + timedelta(seconds=seconds)

    jwt.api_jwt.datetime = Datetime
    real_utcnow = rest_framework_simplejwt.utils.aware_utcnow
    for module in (rest_framework_simplejwt.utils, rest_framework_simplejwt.tokens):
        module.aware_utcnow = lambda: real_utcnow() + timedelta(seconds=seconds)
