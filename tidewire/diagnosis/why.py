"""Why a user did not get an event: one verdict, what it rests on, and what to do.

Read from the event log (was it written, is it still there, who could read it), from the logbook (which connections the
user had, what they were sent, how they ended), from the positions of the user's webhooks, and from the subscriptions at
nodes of Centrifugo. The logbook may lack what a killed process had not written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from tidewire.declare.registry import registry
from tidewire.diagnosis import why_elsewhere, why_webhooks
from tidewire.diagnosis.access import access_at
from tidewire.diagnosis.why_lines import Line, line_of, time_text
from tidewire.log.tables import DelayedEvent, Event, Stream
from tidewire.logbook import reading
from tidewire.logbook.tables import LoggedProcess

VERDICTS = {
    "no_stream": ("there is no such stream", "Compare the name: kind:key, as the client subscribes."),
    "not_written": (
        "the event was not written yet",
        "A stream with a rate delays events for a moment. If the write was answered, look at its transaction: an event "
        "exists if and only if its write committed.",
    ),
    "no_access": (
        "the user could not read the stream then",
        "This is as it must be. A member reads the history over REST after joining.",
    ),
    "sent": ("the event was sent to the user", "Look at the client: what it does with an event of this type."),
    "recovered": ("the event was sent when the client came back", "It was late, because the client was away."),
    "sent_unread": (
        "the event was sent, and the client did not read it",
        "A slow client, or a dead network: the connection ended with 3008 or 3012. It recovers when it comes back.",
    ),
    "too_early": ("this cannot be said yet", "The logbook is written every few seconds. Ask again in a minute."),
    "late": ("the process could not read the log", "Look at tidewire_poll_age_seconds, and at the database."),
    "suspended": (
        "the subscription was suspended",
        "Access is being checked; see tidewire_poll_age_seconds if it lasts.",
    ),
    "lost_process": (
        "the process with the connection ended without a word",
        "It was killed, or its machine failed. The client comes back by itself and recovers from its position.",
    ),
    "unsubscribed": (
        "the subscription had been ended by the server",
        "The code says why, and whether the SDK comes back.",
    ),
    "ended_before": (
        "the connection ended before the event was sent",
        "The client comes back by itself and recovers, if its code is below 3500 and it keeps its position.",
    ),
    "not_recovered": (
        "the client came back without asking for what it missed",
        "It subscribed anew, behind the event: it must read its lists over REST then, or subscribe with its position.",
    ),
    "not_subscribed": (
        "the user was connected and not subscribed to the stream",
        "Look at the client's subscriptions.",
    ),
    "not_connected": (
        "the user had no connection then",
        "The client gets the event when it comes back with its position inside the retention window.",
    ),
    "pruned": (
        "the event is no longer in the log",
        "It is older than RETENTION_EVENTS and RETENTION_SECONDS allow: a client that returns now is refused (112).",
    ),
    "webhook_sent": (
        "no connection of this user is known, and the user's webhook was sent the event",
        "Look at the receiver: it answered 2xx.",
    ),
    "webhook_reset": (
        "the user's webhook got stream.reset in place of the event",
        "It was behind for longer than the log is kept, or the database was restored. The receiver reads anew.",
    ),
    "webhook_failing": (
        "the receiver of the user's webhook does not confirm what it is sent",
        "Look at its deliveries. The attempts go on for a day, and the event comes with the first that succeeds.",
    ),
    "webhook_idle": (
        "no worker delivers webhooks",
        "Start `manage.py deliver_webhooks`; its log says why it ended. Nothing is lost as long as the log is kept.",
    ),
    "webhook_waiting": (
        "the event is on its way to the user's webhook",
        "It is sent in the order of the stream. Ask again in a minute, and look at tidewire_webhook_lag_seconds.",
    ),
    "webhook_disabled": (
        "the user's webhook is disabled",
        "Its owner got webhook.disabled with the reason. When it is enabled again, it goes on at its position.",
    ),
    "webhook_ended": (
        "the user's webhook lost the stream before the event",
        "Its owner could not read the stream when a worker looked; webhook.stream_ended says so.",
    ),
    "webhook_unwanted": (
        "the user's webhook does not ask for this event",
        "Compare its streams and types, and when it was made.",
    ),
    "at_node": (
        "no connection of this user to a process is known, and the user reads the stream at a node of Centrifugo",
        "Nodes keep no logbook. Look at tidewire_relay_turned_at, and at the node's log: docs/centrifugo.md.",
    ),
    "nothing_known": (
        "the logbook knows no connection of this user",
        "Nothing is kept for longer than LOGBOOK_KEPT_SECONDS, and nothing at all with LOGBOOK_SECONDS=0.",
    ),
}
"""Verdict → (what happened, what to do)."""

_BEST_FIRST = (
    *("sent", "recovered", "sent_unread", "too_early", "late", "suspended", "lost_process", "unsubscribed"),
    *("ended_before", "not_recovered", "not_subscribed", "not_connected"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict, and the sentences that it rests on."""

    verdict: str
    facts: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        return VERDICTS[self.verdict][0]

    @property
    def advice(self) -> str:
        return VERDICTS[self.verdict][1]


def offset_of(stream: str, place: str, using: str) -> int:
    """Returns the offset that a text names: a number, or the id of an event. Raises LookupError."""
    if place.isascii() and place.isdigit():
        return int(place)
    try:
        found = Event.objects.using(using).filter(stream__name=stream, pk=UUID(place)).first()
    except ValueError:
        found = None
    if found is None:
        raise LookupError(f"{place!r} is neither an offset nor the id of an event of {stream}")
    return found.offset


def why(user_id: str, stream: str, offset: int, using: str, now: datetime | None = None) -> Answer:
    """Returns why the user did not get this event, or that it was sent."""
    now = now or timezone.now()
    row = Stream.objects.using(using).filter(name=stream).first()
    if row is None or offset < 1:
        return Answer("no_stream")
    facts = [f"the stream is at offset {row.head}, epoch {row.epoch}"]
    if offset > row.head:
        delayed = DelayedEvent.objects.using(using).filter(stream=stream).count()
        return Answer("not_written", [*facts, *([f"{delayed} events wait for their release"] if delayed else [])])
    event = Event.objects.using(using).filter(stream=row, offset=offset).first()
    facts.append(_about(event, stream, offset))
    then = access_at(user_id, stream, offset, using)
    facts.append(("the user could read it: " if then.could_read else "the user could not read it: ") + then.because)
    if not then.could_read:
        return Answer("no_access", facts)
    lines = _lines(user_id, stream, offset, event.at if event else None, using, now)
    webhooks = why_webhooks.lines(user_id, why_webhooks.Asked(row, offset, event, using, now))
    verdict = _verdict(lines, event is not None)
    elsewhere = why_elsewhere.lines(user_id, row, using)
    if not lines:  # a program without a socket of ours: what it has elsewhere is all that it has
        is_kept = event is not None
        verdict = _best(elsewhere, why_elsewhere.BEST_FIRST, is_kept=is_kept) or verdict
        verdict = _best(webhooks, why_webhooks.BEST_FIRST, is_kept=is_kept) or verdict
    facts += [line.text for line in (*lines, *webhooks, *elsewhere)]
    return Answer(verdict, facts + why_elsewhere.facts(row, offset, using))


def _about(event: Event | None, stream: str, offset: int) -> str:
    if event is None:
        return f"the event at offset {offset} is no longer in the log"
    erased = " (its content may have been erased since)" if registry.is_deletion(stream, event.type) else ""
    return f"{event.type} was written at {time_text(event.at)}{erased}, id {event.id}"


def _lines(user_id: str, stream: str, offset: int, at: datetime | None, using: str, now: datetime) -> Sequence[Line]:
    processes = {process.id: process for process in LoggedProcess.objects.using(using)}
    rows = reading.connections_of(user_id, using)
    return [line_of(row, processes, stream, offset, at, now) for row in rows]


def _best(webhooks: Sequence[Line], best_first: Sequence[str], *, is_kept: bool) -> str | None:
    """Returns the best verdict of the webhooks. None where there are none, or where the event is pruned and neither
    was sent before nor reported as lost."""
    found = {line.verdict for line in webhooks}
    best = next((verdict for verdict in best_first if verdict in found), None)
    return best if is_kept or best in ("webhook_sent", "webhook_reset") else None


def _verdict(lines: Sequence[Line], is_kept: bool) -> str:
    """Returns the best that any connection tells. What a connection did not do that was opened after the event says
    nothing of the time of the event, except that it did not recover."""
    found = {line.verdict for line in lines if not line.is_after}
    found |= {line.verdict for line in lines if line.is_after} - {"not_subscribed", "not_connected"}
    if "not_recovered" in found and any(line.verdict == "ended_before" for line in lines):
        found.discard("ended_before")  # the client came back since, and that is the answer
    if "not_recovered" in found and any(line.verdict == "lost_process" for line in lines):
        found.discard("lost_process")
    best = next((verdict for verdict in _BEST_FIRST if verdict in found), None)
    if not is_kept and best not in ("sent", "recovered", "sent_unread"):
        return "pruned"
    if best is None:
        return "not_connected" if lines else "nothing_known"
    return best
