"""What one connection has to do with one event, as far as the logbook tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tidewire.ground.connection_states import StreamSeen
from tidewire.logbook import reading
from tidewire.logbook.reading import Life
from tidewire.logbook.tables import LoggedConnection, LoggedProcess
from tidewire.protocol import codes

LATE_SECONDS = 10.0
"""A process that could not poll the log for so long delivers late, or not at all."""
CLOCK_SECONDS = 2.0
"""How far the clocks of the process and of the writer may differ."""

_CODES = {code.code: code for table in (codes.Disconnect, codes.Unsubscribe) for code in codes.rows(table)}
UNREAD_ENDS = {codes.Disconnect.SLOW.code, codes.Disconnect.NO_PONG.code}


@dataclass(frozen=True, slots=True)
class Line:
    """What one connection tells: a verdict of `why.VERDICTS`, and a sentence. `is_after`: it was opened after the
    event."""

    verdict: str
    text: str
    is_after: bool = False


def said(code: int | None) -> str:
    """Returns a code with its meaning."""
    if not code:
        return "without a code: the client left, or the network failed"
    known = _CODES.get(code)
    return f"with code {code} ({known.reason}: {known.meaning})" if known else f"with the client's code {code}"


def time_text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def line_of(
    row: LoggedConnection,
    processes: dict[str, LoggedProcess],
    stream: str,
    offset: int,
    at: datetime | None,
    now: datetime,
) -> Line:
    """Returns what this connection tells of the event at `offset`, which was written `at` (None where it is pruned)."""
    life = reading.life_of(row, processes, now)
    name = f"{row.door} from {row.address or 'an unknown address'} ({row.device or 'no device'})"
    is_after = at is not None and row.opened_at > at + timedelta(seconds=CLOCK_SECONDS)
    subscriptions = reading.subscriptions_of(row, stream)
    verdict, text = "not_subscribed", ""
    for seen in subscriptions:
        found = _of_subscription(seen, row, life, processes.get(row.process), offset, at)
        if found is not None:
            verdict, text = found
            break
    else:
        verdict, text = _without_subscription(row, life, subscriptions, offset, at, is_after)
    return Line(verdict, f"{name}, opened {time_text(row.opened_at)}{_end(row, life)}: {text}", is_after)


def _end(row: LoggedConnection, life: Life) -> str:
    if life.was_lost and life.ended_at is not None:
        return f", lost with its process about {time_text(life.ended_at)}"
    return f", ended {time_text(life.ended_at)} {said(row.code)}" if life.ended_at is not None else ", open"


def _of_subscription(
    seen: StreamSeen,
    row: LoggedConnection,
    life: Life,
    process: LoggedProcess | None,
    offset: int,
    at: datetime | None,
) -> tuple[str, str] | None:
    """Returns what a subscription tells, or None when it began behind the event."""
    since = reading.time_of(seen.since)
    if seen.start >= offset:
        return None
    if seen.offset >= offset:
        was_live = at is None or since <= at + timedelta(seconds=CLOCK_SECONDS)
        if row.code in UNREAD_ENDS and seen.ended_at is not None and seen.offset - offset < 1_000:
            return "sent_unread", f"sent (up to offset {seen.offset}), and the client did not show that it read it"
        how = "sent" if was_live else f"sent by a recovery from offset {seen.start} at {time_text(since)}"
        return ("sent" if was_live else "recovered"), f"{how}; the last offset sent is {seen.offset}"
    if seen.ended_at is not None or life.ended_at is not None:
        if life.was_lost:
            return (
                "lost_process",
                f"the process ended without a word; the last offset known to be sent is {seen.offset}",
            )
        if at is not None and life.ended_at is not None and life.ended_at < at:
            return "not_connected", f"ended before the event; the last offset sent is {seen.offset}"
        if seen.code:
            return (
                "unsubscribed",
                f"the subscription was ended {said(seen.code)}; the last offset sent is {seen.offset}",
            )
        return "ended_before", f"ended before it was sent; the last offset sent is {seen.offset}"
    return _of_open(seen, process, offset, at)


def _of_open(seen: StreamSeen, process: LoggedProcess | None, offset: int, at: datetime | None) -> tuple[str, str]:
    """What an open subscription tells. Its offset was written when something last changed, so the health of its process
    since then says whether the event was sent."""
    if process is None or (at is not None and process.seen_at < at + timedelta(seconds=CLOCK_SECONDS)):
        return "too_early", "its process has not written since the event: ask again in a minute"
    if process.poll_age > LATE_SECONDS:
        return "late", f"its process could not read the log for {process.poll_age:.0f} s: it sends when it can again"
    if not seen.is_open:
        return "suspended", "events are held back, because access is being checked or a replay is under way"
    return "sent", f"subscribed since {time_text(reading.time_of(seen.since))}, and its process delivers"


def _without_subscription(
    row: LoggedConnection,
    life: Life,
    subscriptions: list[StreamSeen],
    offset: int,
    at: datetime | None,
    is_after: bool,
) -> tuple[str, str]:
    later = next((seen for seen in subscriptions if seen.start >= offset), None)
    if later is not None:
        since = time_text(reading.time_of(later.since))
        return (
            "not_recovered",
            f"subscribed at {since} from offset {later.start}, behind the event, without recovering it",
        )
    if at is not None and not is_after and not life.covers(at):
        return "not_connected", "ended before the event"
    return "not_subscribed", "not subscribed to the stream"
