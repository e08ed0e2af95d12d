"""When the next attempt is."""

from __future__ import annotations

import random
from datetime import datetime

from tidewire.ground import http_dates
from tidewire.ground.conf import conf

LONGEST_SECONDS = 3600.0
"""Between two attempts; the receiver may ask for more, up to a day, by Retry-After."""
MAX_RETRY_AFTER_SECONDS = 86_400.0
LONGEST_NUMBER = 9
"""Digits that are read of a number: more than the most seconds have. The rest of a longer one makes no difference."""


def delay(failures: int) -> float:
    """Returns the seconds until the next attempt, after so many failures in a row: twice as long each time, give or
    take a quarter, so that receivers that come back are not asked by all at once."""
    seconds = min(conf.WEBHOOK_RETRY_SECONDS * 2.0 ** min(failures - 1, 30), LONGEST_SECONDS)
    return seconds * random.uniform(0.75, 1.25)


def bounded(retry_after: float) -> float:
    """Returns the seconds that a receiver may ask for."""
    return min(retry_after, MAX_RETRY_AFTER_SECONDS)


def retry_after(text: str, now: datetime) -> float | None:
    """Returns the seconds that a Retry-After header asks for, or None where it has neither a number nor a date."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text.lstrip("0")[:LONGEST_NUMBER] or "0")
    at = http_dates.parse(text)
    return None if at is None else max(0.0, (at - now).total_seconds())
