"""Reads that callers share: all who ask for the same thing while it is being read get the answer of the next read.

After a restart thousands of clients ask for one list at once. Each answer begins with the position of the same stream;
one read serves all requests that wait for it. A caller never gets the answer of a read that began before it asked, so
it sees everything that was committed before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

from django.db import connections

T = TypeVar("T")


class SharedRead(Generic[T]):
    """One kind of read, used from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Hashable, Future[T]] = {}
        self._next: dict[Hashable, Future[T]] = {}

    def get(self, key: Hashable, using: str, read: Callable[[], T]) -> T:
        """Returns what `read` returns, of this call or of another thread's for the same key and database. Raises what
        it raises. Inside a transaction nothing is shared: it may see what others do not."""
        if connections[using].in_atomic_block:
            return read()
        key = (using, key)
        with self._lock:
            if (shared := self._next.get(key)) is not None:
                before, is_mine = None, False
            else:
                before, is_mine, shared = self._running.get(key), True, Future[T]()
                (self._next if before else self._running)[key] = shared
        if not is_mine:
            return shared.result()
        if before is not None:
            before.exception()  # waits for its end
            with self._lock:
                self._running[key] = self._next.pop(key)
        try:
            shared.set_result(read())
        except BaseException as error:
            shared.set_exception(error)
        finally:
            with self._lock:
                if self._running.get(key) is shared:
                    del self._running[key]
        return shared.result()
