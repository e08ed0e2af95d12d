"""Dates in the headers of answers, which anyone may have written."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def parse(text: str) -> datetime | None:
    """Returns the time of a header's date, or None for a text that is none."""
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):  # a year of twenty digits does not fit
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
