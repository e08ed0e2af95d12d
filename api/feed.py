"""The feed: pages of events over all streams that a user may read, each from where a bookmark stands in it.

A round looks at all streams in the order of their names. A page is a part of a round: it ends where the round ends, or
when it has looked at MAX_SCANNED streams, read MAX_READ logs, or taken as many events as were asked for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from api.feed_bookmark import MAX_STREAMS, Bookmark
from api.models import User
from api.readable_streams import KINDS, place_of, readable_names, still_readable
from tidewire.rest.conflicts import Conflict
from tidewire.snapshots import Page, Position, positions, read_after

MAX_SCANNED = 500
MAX_READ = 100
MAX_BYTES = 512 * 1024
"""Of events. The last log that is read may exceed it, by as much again."""

ADDED, RESET, REMOVED = "added", "reset", "removed"


@dataclass
class FeedPage:
    """- `changes` are (ADDED, RESET or REMOVED, the position from which the events of the stream follow).
    - `entries` are (stream, offset, the JSON of the event), of each stream in order.
    - `has_more` says that the next page follows at once."""

    changes: list[tuple[str, Position]] = field(default_factory=list)
    entries: list[tuple[str, int, str]] = field(default_factory=list)
    has_more: bool = False
    scanned: int = 0


class Feed:
    """Reads one page for a user, and moves the bookmark."""

    def __init__(self, user: User, bookmark: Bookmark, limit: int, kinds: Collection[str] = KINDS) -> None:
        self._user, self._bookmark, self._limit, self._kinds = user, bookmark, limit, kinds
        self._page, self._read, self._size = FeedPage(), 0, 0

    def read(self) -> FeedPage:
        """Raises Conflict for more than MAX_STREAMS streams.

        What may be read is asked before the logs are read, and again afterwards, for a user who lost access meanwhile.
        """
        page, bookmark, before = self._page, self._bookmark, dict(self._bookmark.places)
        started = bookmark.after
        names = readable_names(self._user, self._kinds, place_of(started), MAX_SCANNED + 1)
        is_last, names = len(names) <= MAX_SCANNED, names[:MAX_SCANNED]
        page.scanned = len(names)
        heads = positions(names)
        done = 0
        while done < len(names) and not self._is_full:
            self._read_stream(heads[names[done]])
            done += 1
        is_round = is_last and done == len(names)
        until = "" if is_round else names[done - 1]
        self._tell_removed(names[:done], started, until)
        self._forget_lost(before)
        if len(bookmark.places) > MAX_STREAMS:
            raise Conflict("too_many_streams", f"A feed has at most {MAX_STREAMS} streams. Name a kind.")
        page.has_more = not is_round or bookmark.is_behind
        bookmark.after, bookmark.is_behind = until, bookmark.is_behind and not is_round
        return page

    @property
    def _is_full(self) -> bool:
        return self._read >= MAX_READ or len(self._page.entries) >= self._limit or self._size >= MAX_BYTES

    def _read_stream(self, head: Position) -> None:
        """Takes the events of a stream that has moved, or that the bookmark does not know."""
        name, known = head.channel, self._bookmark.places.get(head.channel)
        if known == (head.offset, head.epoch):
            return
        left = self._limit - len(self._page.entries)
        page = read_after(name, known[0] if known else 0, left)
        self._read += 1
        if known is None or not _is_continuous(page, *known):
            page = page if known is None else read_after(name, 0, left)
            first = page.entries[0].offset - 1 if page.entries else page.head.offset
            start = Position(name, page.head.epoch, first)
            self._page.changes.append((ADDED if known is None else RESET, start))
            known = (first, page.head.epoch)
        last = page.entries[-1].offset if page.entries else known[0]
        self._page.entries += [(name, entry.offset, entry.payload) for entry in page.entries]
        self._size += sum(len(entry.payload) for entry in page.entries)
        self._bookmark.places[name] = (last, page.head.epoch)
        self._bookmark.is_behind |= last < page.head.offset

    def _tell_removed(self, names: Collection[str], started: str, until: str) -> None:
        """Tells of streams that the bookmark knows, that lie in the part of the round that was looked at, and that the
        user may not read."""
        readable = set(names)
        for name in sorted(self._bookmark.places):
            is_in_part = name > started and (not until or name <= until) and name.partition(":")[0] in self._kinds
            if is_in_part and name not in readable:
                offset, epoch = self._bookmark.places.pop(name)
                self._page.changes.append((REMOVED, Position(name, epoch, offset)))

    def _forget_lost(self, before: dict[str, tuple[int, str]]) -> None:
        """Takes back what was read of streams that the user may no longer read: the next round tells of them."""
        page = self._page
        read = {name for name, _, _ in page.entries} | {at.channel for change, at in page.changes if change != REMOVED}
        lost = read - still_readable(self._user, read)
        if lost:
            page.entries = [entry for entry in page.entries if entry[0] not in lost]
            page.changes = [each for each in page.changes if each[0] == REMOVED or each[1].channel not in lost]
            self._bookmark.places = {name: at for name, at in self._bookmark.places.items() if name not in lost}
            self._bookmark.places |= {name: at for name, at in before.items() if name in lost}


def _is_continuous(page: Page, after: int, epoch: str) -> bool:
    """Whether the events of a page follow this place without a hole, in the same epoch."""
    if epoch != page.head.epoch:
        return False
    return page.entries[0].offset == after + 1 if page.entries else after == page.head.offset


def changes_json(changes: list[tuple[str, Position]]) -> list[dict[str, Any]]:
    return [{"change": change, "stream": at.as_json()} for change, at in changes]
