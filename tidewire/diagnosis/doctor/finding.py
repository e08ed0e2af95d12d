"""What one look found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

OK, WARNING, ERROR = "ok", "warning", "error"
CLOCK_SECONDS = 2.0
"""So much two clocks may differ."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject` is what was looked at, `remedy` what to do about a warning or an error."""

    level: str
    subject: str
    text: str
    remedy: str = ""


Findings = Iterator[Finding]


def ok(subject: str, text: str) -> Finding:
    return Finding(OK, subject, text)


def warning(subject: str, text: str, remedy: str) -> Finding:
    return Finding(WARNING, subject, text, remedy)


def error(subject: str, text: str, remedy: str) -> Finding:
    return Finding(ERROR, subject, text, remedy)


def clock(subject: str, theirs: float, ours: float) -> Finding:
    """Compares a clock with that of this process; both are seconds since 1970."""
    off = theirs - ours
    if abs(off) <= CLOCK_SECONDS:
        return ok(subject, f"its clock is {off:+.1f} s from this machine's")
    return error(
        subject,
        f"its clock is {off:+.0f} s from this machine's: tokens look expired, or are accepted for too long",
        "Synchronise both with NTP: `timedatectl set-ntp true`, or chrony.",
    )
