"""What an application declares about a kind of stream: its name, its readers, its rate and its retention."""

from __future__ import annotations

import inspect
import os
import typing
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from tidewire.ground.streams import parse

MaySubscribe = Callable[[str, Collection[str]], Collection[str]]
"""`(user_id, keys)` returns the subset of `keys` that the user may read."""

Readers = Callable[[str, Collection[str]], Collection[str]]
"""`(key, user_ids)` returns the subset of `user_ids` who may read the stream of `key`."""


@dataclass(frozen=True, slots=True)
class Retention:
    """An event is kept while it is among the last `events` of its stream *or* younger than `seconds`."""

    events: int = 10_000
    seconds: float = 72 * 3600


@dataclass(frozen=True, slots=True)
class Rate:
    """A stream has at most `events` rate-limited events in `seconds`. The others are delayed and merged into few."""

    events: int
    seconds: float = 1.0


def declared_here() -> str:
    """Returns the file and line that make a declaration, such as "realtime/live.py:42", for error texts about it.

    For the default of a dataclass's field: the frames of the dataclass itself, and of `typing`, are passed over.
    """
    machinery = {declared_here.__code__.co_filename, typing.__file__, "<string>"}
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename in machinery:
        frame = frame.f_back
    if frame is None:
        return "?"
    path = frame.f_code.co_filename
    near = os.path.relpath(path)
    return f"{path if near.startswith('..') else near}:{frame.f_lineno}"


@dataclass(frozen=True, eq=False)
class StreamKind:
    """One kind of streams, such as `room`.

    - `may_subscribe(user_id, keys)` returns the subset of `keys` that the user may read now. It is synchronous, runs in
      a database thread and should ask one query for all keys. A malformed key is simply not returned.
    - `ephemeral` are the types of the messages that subscribers may publish to each other. They have no offset and are
      not stored.
    - `has_presence` lets subscribers see who else is subscribed.
    - `retention` is how long the log keeps the events of these streams. None means the default of `Retention`.
    - `readers(key, user_ids)` returns the subset of `user_ids` who may read the stream of `key` now. It is
      `may_subscribe` for many users of one stream: without it, an event that puts the access of all readers in doubt
      costs one query per user.
    - `keeps_access` says that a reader keeps the access for as long as the account exists, as of a user's own stream.
      For a kind without it some declaration has to say whose access ends (`Live(ends_access=…)`), or the checks warn.
    - `rate` bounds how many rate-limited events a subscriber gets in a time, however many writers there are.
    - `is_on_mqtt` has the events of these streams published to the broker of MQTT, for devices that may subscribe.
    - `retained` are the types of events of which the broker keeps the last one about each object, so that a device that
      starts has the present state at once. Only with `is_on_mqtt`.
    """

    name: str
    may_subscribe: MaySubscribe
    ephemeral: frozenset[str] = frozenset()
    has_presence: bool = False
    retention: Retention | None = None
    readers: Readers | None = None
    rate: Rate | None = None
    keeps_access: bool = False
    is_on_mqtt: bool = False
    retained: frozenset[str] = frozenset()
    declared_at: str = field(init=False, default_factory=declared_here)

    def __str__(self) -> str:
        return f"StreamKind({self.name!r})"

    def __call__(self, key: object) -> str:
        """Returns the name of the stream of `key`. Raises ValueError when the two do not make a stream name."""
        name = f"{self.name}:{key}"
        if parse(name) is None:
            raise ValueError(f"{name!r} is not a stream name")
        return name

    def of(self, path: str) -> StreamField:
        """Returns the declaration that the stream's key is in this column of a row, or of a row that it refers to.

        `path` is "room_id", or "id" for rows that have a stream of their own, or "ticket__project_id" for rows whose
        stream is that of another row.
        """
        return StreamField(self, path)


@dataclass(frozen=True)
class StreamField:
    """The column that holds the key of a live model's stream, and the relations that lead to it."""

    kind: StreamKind
    path: str

    @property
    def attname(self) -> str:
        """The column, in the last table of the path."""
        return self.path.rpartition("__")[2]

    @property
    def relation(self) -> str:
        """The relations that lead to the column, as `select_related` names them; empty where it is the row's own."""
        return self.path.rpartition("__")[0]

    def key_of(self, instance: object) -> Any:
        """Returns the key of the row's stream, or None for a row without a stream."""
        for name in self.path.split("__"):
            instance = None if instance is None else getattr(instance, name)
        return instance

    def name_of(self, instance: object) -> str:
        """Returns the name of the row's stream."""
        return self.kind(self.key_of(instance))
