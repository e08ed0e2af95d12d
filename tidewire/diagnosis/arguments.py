"""Numbers and URLs of command lines: each is checked, so that none of them fails deep inside with a traceback."""

from __future__ import annotations

import math
import os
from argparse import ArgumentTypeError
from collections.abc import Callable

from django.core.management.base import CommandError

from tidewire.ground.networks import is_http_url

MOST = 2**63 - 1
"""What an offset may be."""


def whole(least: int = 0, most: int = MOST) -> Callable[[str], int]:
    """Returns the `type=` of an argument that is a whole number within these bounds."""

    def parse(text: str) -> int:
        if not (text.removeprefix("-").isdecimal() and text.isascii() and least <= int(text) <= most):
            upper = f" to {most}" if most < MOST else " or more"
            raise ArgumentTypeError(f"{text!r} is no whole number of {least}{upper}")
        return int(text)

    return parse


def above_zero(text: str) -> float:
    """Returns a number above 0; for `type=` of an argument."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def zero_or_more(text: str) -> float:
    """Returns a number of 0 or more; for `type=` of an argument."""
    return 0.0 if text.strip("0.") == "" and "0" in text else above_zero(text)


def http_url(text: str) -> str:
    """Returns the URL of an HTTP server, without a slash at its end; for `type=` of an argument."""
    if not is_http_url(text):
        raise ArgumentTypeError(f"{text!r} is no URL such as https://chat.example.com")
    return text.rstrip("/")


PORT = whole(1, 65535)
ANY_PORT = whole(0, 65535)
"""A port to listen on; 0 for a free one."""
PROCESS = whole(1)


def workers_wanted(given: int | None) -> int:
    """Returns the number of processes that an argument, or else WEB_CONCURRENCY, asks for. Raises CommandError."""
    if given is not None:
        return given
    text = os.environ.get("WEB_CONCURRENCY") or "1"
    try:
        return whole(1)(text)
    except ArgumentTypeError as error:
        raise CommandError(f"WEB_CONCURRENCY: {error}") from None
