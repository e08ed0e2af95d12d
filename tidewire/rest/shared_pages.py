"""The newest pages of busy streams, encoded once for all who ask for them while nothing changes.

After a restart thousands of clients read the same list at once. Each request has its own access check; the page comes
from here. An entry is used for the tag that it was made with and no other, so what has changed or was erased since is
not answered again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from tidewire.ground.conf import conf
from tidewire.ground.metrics import shared_pages_read

MAX_AGE_SECONDS = 60.0
"""After so long an entry leaves the memory, also when its content was not asked for since."""

_LOCKS = tuple(threading.Lock() for _ in range(32))
"""Each address has one of them: one thread makes a page, the others wait for it."""


class EncodedPage(bytes):
    """The JSON text of an answer, with its position. `link` is its Link header, or "" without one."""

    link: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    tag: str
    page: EncodedPage
    made_at: float = field(default_factory=time.monotonic)


class SharedPages:
    """The pages of one process, the latest used last. Their sum is at most the setting SHARED_PAGE_BYTES."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, address: str, tag: str, make: Callable[[], EncodedPage]) -> EncodedPage:
        """Returns the page that this address has with this tag. `make` is called where it is not known."""
        page = self._find(address, tag)
        if page is not None:
            shared_pages_read.inc()
            return page
        with _LOCKS[hash(address) % len(_LOCKS)]:
            page = self._find(address, tag)
            if page is None:
                page = make()
                self._keep(address, _Entry(tag, page))
        return page

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _find(self, address: str, tag: str) -> EncodedPage | None:
        with self._lock:
            entry = self._entries.get(address)
            if entry is None or entry.tag != tag:
                return None
            self._entries.move_to_end(address)
            return entry.page

    def _keep(self, address: str, entry: _Entry) -> None:
        oldest = entry.made_at - MAX_AGE_SECONDS
        with self._lock:
            self._drop(address)
            for other in [key for key, kept in self._entries.items() if kept.made_at < oldest]:
                self._drop(other)
            if len(entry.page) > conf.SHARED_PAGE_BYTES:
                return
            self._entries[address] = entry
            self._bytes += len(entry.page)
            while self._bytes > conf.SHARED_PAGE_BYTES:
                self._drop(next(iter(self._entries)))

    def _drop(self, address: str) -> None:
        entry = self._entries.pop(address, None)
        if entry is not None:
            self._bytes -= len(entry.page)


shared_pages = SharedPages()
