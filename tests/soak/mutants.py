"""Histories as a server would leave them that breaks one promise, for the checkers' own tests.

Each function takes a history without violations and returns a changed copy. The tests use them on real runs too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from tests.soak.history import History, LogEvent, Seen


def drop_one(history: History) -> History:
    at, _ = _two_in_a_row(history)
    return replace(history, seen=[*history.seen[:at], *history.seen[at + 1 :]])


def swap_two(history: History) -> History:
    one, other = _two_in_a_row(history)
    seen = list(history.seen)
    seen[one], seen[other] = seen[other], seen[one]
    return replace(history, seen=seen)


def repeat_one(history: History) -> History:
    at, _ = _two_in_a_row(history)
    return replace(history, seen=[*history.seen[: at + 1], history.seen[at], *history.seen[at + 1 :]])


def deliver_after_removal(history: History) -> History:
    """Delivers to a removed member the next event of that stream, a moment after it was written."""
    left, leaked = _written_after_a_removal(history)
    user = left.data["user"]["id"]
    device = next(device for device, owner in history.users.items() if owner == user)
    seen = Seen(
        device,
        user,
        leaked.at + 0.001,
        "event",
        leaked.stream,
        leaked.offset,
        history.heads[leaked.stream][0],
        id=leaked.id,
        type=leaked.type,
        written_at=leaked.at,
        digest=leaked.digest,
    )
    return replace(history, seen=[*history.seen, seen])


MUTANTS: dict[Callable[[History], History], str] = {
    drop_one: "I5",
    swap_two: "I5",
    repeat_one: "I5",
    deliver_after_removal: "I7",
}
"""{mutant: the invariant that it breaks}"""


def _two_in_a_row(history: History) -> tuple[int, int]:
    """Finds two events in a row that one device got, on one stream and one connection, from the middle of the run.

    Returns their indices in `history.seen`. Raises IndexError when there are none.
    """
    last: dict[tuple[str, str], int] = {}
    found = []
    for index, seen in enumerate(history.seen):
        key = seen.device, seen.stream
        if seen.kind != "event":
            last = {known: at for known, at in last.items() if known[0] != seen.device}
            continue
        before = last.get(key)
        if before is not None and history.seen[before].offset + 1 == seen.offset and key[0] not in history.fresh:
            found.append((before, index))
        last[key] = index
    return found[len(found) // 2]


def _written_after_a_removal(history: History) -> tuple[LogEvent, LogEvent]:
    """Finds the end of a membership in a room that was never public, and the message that came next.

    Earlier events of a membership that ended have been erased and look like its end. Raises LookupError.
    """
    listening, opened = set(history.users.values()), set(history.public_from_birth)
    log = sorted(history.log, key=lambda event: (event.stream, event.offset))
    ends = {(event.stream, event.object): event.offset for event in log}
    for left, after in pairwise(log):
        if left.type == "room.updated" and left.data["kind"] == "public":
            opened.add(left.stream)
        is_end = left.type == "member.left" and ends[left.stream, left.object] == left.offset
        is_removal = is_end and left.data["user"]["id"] in listening and left.stream not in opened
        if is_removal and after.stream == left.stream and after.type.startswith("message."):
            return left, after
    raise LookupError("no member with a device was removed")
