"""What must hold, as functions of a history. They do not depend on how Tidewire works.

Each checker yields the violations that it finds. `check` runs all of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.forger import MARK
from tests.soak.history import OK, UNKNOWN, History, LogEvent, Seen, Write

DELETED = ".deleted"
START_SECONDS = 10.0
"""In which a process imports what it needs, on a machine that has other work."""
MEMORY_GROWTH_MIB = 64.0
MEMORY_MIB = 400.0
CLOSE_SECONDS, FORCED = 2.0, 3503


@dataclass(frozen=True)
class Violation:
    """A broken invariant. `device`, `stream` and `offset` say where; `measures.story` shows what happened around it."""

    invariant: str
    what: str
    device: str = ""
    stream: str = ""
    offset: int = 0


Check = Callable[[History], Iterable[Violation]]


def check(history: History) -> list[Violation]:
    return [violation for checker in CHECKERS for violation in checker(history)]


# -- the log itself ----------------------------------------------------------------------------------------------------


def gapless(history: History) -> Iterable[Violation]:
    """I1: the offsets of a stream are 1, 2, 3, … and its counter equals the last."""
    offsets = defaultdict(list)
    for event in history.log:
        offsets[event.stream].append(event.offset)
    for stream, (_, head) in history.heads.items():
        found = sorted(offsets[stream])
        if found != list(range(1, head + 1)):
            missing = sorted(set(range(1, head + 1)) - set(found))
            extra = [offset for offset, count in Counter(found).items() if count > 1 or not 1 <= offset <= head]
            yield Violation("I1", f"head {head}, missing {missing[:5]}, too many {extra[:5]}", stream=stream)


def durable_once(history: History) -> Iterable[Violation]:
    """I2: an answered write is in the log once, a refused one is not, an unknown one is there at most once."""
    ok, unknown = Counter[str](), Counter[str]()
    for write in history.writes:
        counted = {OK: ok, UNKNOWN: unknown}.get(write.outcome)
        for object in write.objects if counted is not None else ():
            counted[object] += 1
    watched = {object for write in history.writes for object in write.objects}
    in_log = Counter(event.object for event in history.log if event.object in watched)
    for object in watched:
        if not ok[object] <= in_log[object] <= ok[object] + unknown[object]:
            what = f"{object}: {in_log[object]} events of {ok[object]} answered and {unknown[object]} unknown writes"
            yield Violation("I2", what, *_place(history, object))
    yield from _answered_positions(history)


def _place(history: History, object: str) -> tuple[str, str, int]:
    found = next((event for event in history.log if event.object == object), None)
    return ("", found.stream, found.offset) if found else ("", "", 0)


def _answered_positions(history: History) -> Iterable[Violation]:
    """The position in an answer belongs to this write and to no other."""
    log = {(event.stream, event.offset): event for event in history.log}
    owners: dict[tuple[str, int], Write] = {}
    for write in history.writes:
        for stream, epoch, offset in write.positions if write.outcome == OK else ():
            event, head = log.get((stream, offset)), history.heads.get(stream, ("", 0))
            if epoch != head[0]:
                continue  # the stream was deleted
            if event is None or (write.objects and event.object not in write.objects):
                yield Violation("I2", f"{write.op} was answered with the position of another event", "", stream, offset)
            if (stream, offset) in owners:
                yield Violation("I2", f"{write.op} and another write share one position", "", stream, offset)
            owners[stream, offset] = write


def real_time_order(history: History) -> Iterable[Violation]:
    """I3: when a write was answered before another was sent, it has the smaller offset."""
    placed = defaultdict(list)
    for write in history.writes:
        for stream, _, offset in write.positions if write.outcome == OK else ():
            placed[stream].append((write, offset))
    for stream, writes in placed.items():
        ended = sorted((write.ended, offset) for write, offset in writes)
        times, highest, top = [at for at, _ in ended], [], 0
        for _, offset in ended:
            top = max(top, offset)
            highest.append(top)
        for write, offset in writes:
            before = bisect_right(times, write.invoked - 1e-6)
            if before and highest[before - 1] > offset:
                what = f"{write.op} is before an event that was answered before it was sent ({highest[before - 1]})"
                yield Violation("I3", what, "", stream, offset)


# -- what devices got --------------------------------------------------------------------------------------------------


def agreement(history: History) -> Iterable[Violation]:
    """I4: all devices got the same event at the same offset, and it is the log's.

    Of an event that was erased since, only id and time can be compared.
    """
    log = {(event.stream, event.offset): event for event in history.log}
    first: dict[tuple[str, int], Seen] = {}
    for seen in _events(history):
        event = log.get((seen.stream, seen.offset))
        if event is None or event.id != seen.id:
            yield _violation("I4", "an event that the log does not have there", seen)
            continue
        is_erased = event.type.endswith((DELETED, ".left"))
        if seen.digest != event.digest and not (is_erased and abs(seen.written_at - event.at) < 1e-3):
            yield _violation("I4", f"{seen.type} differs from the log's {event.type}", seen)
        other = first.setdefault((seen.stream, seen.offset), seen)
        if seen.digest != other.digest and not is_erased:
            yield _violation("I4", f"differs from what {other.device} saw", seen)


def device_stream(history: History) -> Iterable[Violation]:
    """I5: each device got consecutive offsets from its start on, across reconnects and new processes."""
    at: dict[tuple[str, str], int | None] = {}
    for seen in history.seen:
        key = seen.device, seen.stream
        if seen.kind == "state" or (seen.kind == "subscribed" and not seen.recovered):
            at[key] = seen.offset
        elif seen.kind == "event":
            known = at.get(key, 0 if seen.device in history.fresh else None)
            if known is not None and seen.offset != known + 1:
                word = "repeated" if seen.offset <= known else "skipped"
                yield _violation("I5", f"{word}: {seen.offset} came after {known}", seen)
            at[key] = seen.offset


def honest(history: History) -> Iterable[Violation]:
    """I6: nothing was pruned, so no position may be refused, and no subscribe of a user with lasting access."""
    for seen in history.seen:
        if seen.kind == "unrecoverable" or (seen.kind == "subscribed" and seen.was_recovering and not seen.recovered):
            yield _violation("I6", "a position inside the window was refused", seen)
    access = Access(history)
    for seen in history.seen:
        if seen.kind == "refused" and access.may_read_throughout(seen.user, seen.stream, seen.at - 5.0, seen.at):
            yield _violation("I6", "refused, though access was there for seconds", seen)


def authorised(history: History) -> Iterable[Violation]:
    """I7: events written after access ended do not arrive before it is given again. Offsets decide, not times."""
    access = Access(history)
    for seen in _events(history):
        if not access.may_see(seen.user, seen.stream, seen.offset, seen.at):
            yield _violation("I7", f"{seen.type} reached a user who may not read it", seen)


def complete(history: History) -> Iterable[Violation]:
    """I8: after the repairs, every device reached the head of every stream that it may read, in time."""
    last: dict[tuple[str, str], int] = {}
    lost: set[tuple[str, str]] = set()
    for seen in history.seen:
        key = seen.device, seen.stream
        if seen.kind in ("event", "state") or (seen.kind == "subscribed" and not seen.recovered):
            last[key] = seen.offset
        if seen.kind in ("refused", "unsubscribed"):
            lost.add(key)
        elif seen.kind == "subscribed":
            lost.discard(key)
    for device, user in history.users.items():
        for stream, readable in history.rest.get(user, {}).items():
            head = history.heads.get(stream, ("", 0))[1]
            if readable is not None and ((device, stream) in lost or last.get((device, stream), -1) != head):
                where = "is not subscribed" if (device, stream) in lost else f"stands at {last.get((device, stream))}"
                yield Violation("I8", f"{device} {where}, the head is {head}", device, stream, head)
            if readable is None and device in history.copies and stream in history.copies[device]:
                yield Violation("I7", f"{device} is still subscribed to what it may not read", device, stream, head)


def converged(history: History) -> Iterable[Violation]:
    """I9: a list and the events after it make the same as a fresh GET."""
    for device, copies in history.copies.items():
        for stream, copy in copies.items():
            fresh = history.rest.get(history.users[device], {}).get(stream)
            if fresh is None or fresh == copy:
                continue
            different = [
                f"{name}: {row.get('id') or row['user']['id']}"
                for name in fresh
                for row in (*fresh[name], *copy[name])
                if row not in fresh[name] or row not in copy[name]
            ]
            yield Violation("I9", f"{device}'s copy differs from a fresh GET: {different[:3]}", device, stream)


# -- servers -----------------------------------------------------------------------------------------------------------


def without_errors(history: History) -> Iterable[Violation]:
    """I10: no 500, no traceback, no malformed answer."""
    for error in history.errors:
        yield Violation("I10", error)


def bounded(history: History) -> Iterable[Violation]:
    """I11: no process needs more memory than MEMORY_MIB, or grows by MEMORY_GROWTH_MIB after it has started and a third
    of the rest of its life."""
    by_process = defaultdict(list)
    for sample in history.samples:
        by_process[sample.worker, sample.pid].append(sample)
    for (worker, pid), samples in by_process.items():
        values = [sample.rss_mib for sample in samples]
        started = [sample.rss_mib for sample in samples if sample.at - samples[0].at >= START_SECONDS]
        settled = started[len(started) // 3] if len(started) >= 9 else max(values)
        if max(values) > MEMORY_MIB or max(values[-3:]) - settled > MEMORY_GROWTH_MIB:
            what = f"{worker} ({pid}) grew from {settled:.0f} to {max(values):.0f} MiB"
            yield Violation("I11", what)


# -- a forger on the channel layer -------------------------------------------------------------------------------------


def unforged(history: History) -> Iterable[Violation]:
    """I12: nothing that a forger sent has reached a device."""
    for seen in history.seen:
        if MARK in (seen.id, seen.type):
            yield _violation("I12", "a forged event was delivered", seen)


def closed_in_time(history: History) -> Iterable[Violation]:
    """I13: a socket is closed within CLOSE_SECONDS after its session was logged out, with the code that says so."""
    for closing in history.closings:
        late = closing.closed_at - closing.answered_at
        if closing.code != FORCED or late > CLOSE_SECONDS:
            yield Violation("I13", f"a socket ended with {closing.code}, {late:.1f} s after the logout was answered")


CHECKERS: tuple[Check, ...] = (
    gapless,
    durable_once,
    real_time_order,
    agreement,
    device_stream,
    honest,
    authorised,
    complete,
    converged,
    without_errors,
    bounded,
    unforged,
    closed_in_time,
)


# -- access, read from the log ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Membership:
    """A membership, from the event that began it to the one that ended it."""

    joined: LogEvent
    left: LogEvent | None

    def covers(self, offset: int) -> bool:
        return self.joined.offset <= offset and (self.left is None or offset <= self.left.offset)


class Access:
    """Tells which user may read which stream at which offset.

    The events of a membership share its key (`object`), also after they were erased.
    """

    def __init__(self, history: History) -> None:
        self._memberships: dict[tuple[str, str], list[_Membership]] = defaultdict(list)
        self._kinds: dict[str, list[tuple[LogEvent, bool]]] = defaultdict(list)
        self._public_from_birth = history.public_from_birth
        by_key: dict[tuple[str, str], list[LogEvent]] = defaultdict(list)
        for event in history.log:
            if event.type.startswith("member."):
                by_key[event.stream, event.object].append(event)
            elif event.type == "room.updated":
                self._kinds[event.stream].append((event, event.data["kind"] == "public"))
        for (stream, _), events in by_key.items():
            user = events[-1].data["user"]["id"]
            left = events[-1] if events[-1].type == "member.left" else None
            self._memberships[user, stream].append(_Membership(events[0], left))

    def may_see(self, user: str, stream: str, offset: int, at: float) -> bool:
        """Whether the user could read this event when it arrived, at time `at`.

        Either it lies inside a time of access, or access was given after it and before `at`: a new member may read the
        whole history.
        """
        if self._is_public(stream, offset) or self._is_public_since(stream, offset, at):
            return True
        for membership in self._memberships.get((user, stream), ()):
            if membership.covers(offset):
                return True
            if membership.joined.offset > offset and membership.joined.at <= at:
                return True
        return False

    def may_read_throughout(self, user: str, stream: str, since: float, until: float) -> bool:
        """Whether the user was a member all the time from `since` to `until`."""
        memberships = self._memberships.get((user, stream), ())
        return any(m.joined.at <= since and (m.left is None or m.left.at >= until) for m in memberships)

    def _is_public(self, stream: str, offset: int) -> bool:
        """Whether the room was public before this event. The event that closes it still reaches its guests."""
        changes = [is_public for event, is_public in self._kinds.get(stream, ()) if event.offset < offset]
        return changes[-1] if changes else stream in self._public_from_birth

    def _is_public_since(self, stream: str, offset: int, at: float) -> bool:
        changes = self._kinds.get(stream, ())
        return any(is_public and event.offset >= offset and event.at <= at for event, is_public in changes)


def _events(history: History) -> Iterable[Seen]:
    return (seen for seen in history.seen if seen.kind == "event")


def _violation(invariant: str, what: str, seen: Seen) -> Violation:
    return Violation(invariant, f"{seen.device}: {what}", seen.device, seen.stream, seen.offset)
