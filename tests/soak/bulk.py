"""A writer in a process of its own, which is not a server: it uses the ORM's bulk paths.

`python -m tests.soak.bulk <seed> <file> <seconds> <app> <room>…` writes a line to the file before each attempt and
another after it. A killed attempt has one line only: its outcome is unknown.
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from tests.soak.history import FAILED, OK, UNKNOWN, Write, now

PAUSE = (0.1, 0.5)
KEPT = 40


class Refused(Exception):
    """Raised inside a transaction, to roll it back."""


class BulkWriter:
    """Creates, changes and deletes many messages at once."""

    def __init__(self, seed: int, file: TextIO, app: str, rooms: list[str]) -> None:
        from django.apps import apps
        from django.contrib.auth import get_user_model

        self._draw, self._file, self._rooms = random.Random(seed), file, rooms
        self._messages = apps.get_model(app, "Message")
        self._author = get_user_model().objects.order_by("created_at").first()
        self._kept: list[tuple[Any, str]] = []  # message, room
        self._count = 0

    def write(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(self._draw.uniform(*PAUSE))
            self._draw.choice(self._ACTIONS)(self)

    # -- actions -------------------------------------------------------------------------------------------------------

    def _create_many(self) -> None:
        room = self._room()
        rows = [self._new(room) for _ in range(self._draw.randint(2, 6))]
        if self._attempt("bulk_create", rows, room, lambda: self._messages.objects.bulk_create(rows)):
            self._keep(rows, room)

    def _update_many(self) -> None:
        rows, room = self._some()
        found = self._messages.objects.filter(pk__in=[row.pk for row in rows])
        self._attempt("update", rows, room, lambda: found.update(text=self._text()))

    def _bulk_update(self) -> None:
        rows, room = self._some()
        for row in rows:
            row.text = self._text()
        self._attempt("bulk_update", rows, room, lambda: self._messages.objects.bulk_update(rows, ["text"]))

    def _delete_many(self) -> None:
        rows, room = self._some()
        self._kept = [(row, where) for row, where in self._kept if row not in rows]
        found = self._messages.objects.filter(pk__in=[row.pk for row in rows])
        self._attempt("delete", rows, room, lambda: found.delete())

    def _two_rooms(self) -> None:
        """One transaction, two streams, in either order."""
        from django.db import transaction

        pair = self._draw.sample(self._rooms, 2)
        rows = [self._new(room) for room in pair]

        def save() -> None:
            with transaction.atomic():
                for row in rows:
                    row.save()

        self._attempt("two rooms", rows, "", save)

    def _roll_back(self) -> None:
        from django.db import transaction

        room = self._room()
        rows = [self._new(room), self._new(room)]

        def save() -> None:
            with transaction.atomic():
                for row in rows:
                    row.save()
                raise Refused

        self._attempt("rolled back", rows, room, save)

    def _roll_back_a_part(self) -> None:
        """Rolls back to a savepoint and commits the rest: two attempts, of which one must leave nothing."""
        from django.db import OperationalError, transaction

        room = self._room()
        kept, dropped = self._new(room), self._new(room)

        def save() -> None:
            with transaction.atomic():
                kept.save()
                with contextlib.suppress(Refused), transaction.atomic():
                    dropped.save()
                    raise Refused
                if transaction.get_rollback():
                    # The database was gone, so the savepoint was not rolled back. Django would now roll back the whole
                    # transaction without an error.
                    raise OperationalError("the connection was lost at the savepoint")

        self._attempt("kept of a savepoint", [kept], room, save)
        gone = Write("bulk", "dropped of a savepoint", now(), objects=[self._key(dropped)], outcome=FAILED)
        self._report(gone)

    def _save_one(self) -> None:
        room = self._room()
        row = self._new(room)
        if self._attempt("save", [row], room, row.save):
            self._keep([row], room)

    _ACTIONS = (
        _create_many,
        _create_many,
        _update_many,
        _bulk_update,
        _delete_many,
        _two_rooms,
        _roll_back,
        _roll_back_a_part,
        _save_one,
    )

    # -- attempts ------------------------------------------------------------------------------------------------------

    def _attempt(self, op: str, rows: list[Any], room: str, change: Callable[[], Any]) -> bool:
        from django.db import Error

        if not rows:
            return False
        write = Write("bulk", op, now(), objects=[self._key(row) for row in rows], stream=room and f"room:{room}")
        self._report(write)
        try:
            with _recorded() as events:
                change()
            write.outcome = OK
            write.positions = [(event.stream, event.epoch, event.offset) for event in events]
        except Refused:
            write.outcome = FAILED
        except Error as error:
            write.outcome, write.note = UNKNOWN, str(error)[:200]
            time.sleep(0.2)
        write.ended = now()
        self._report(write)
        return write.outcome == OK

    def _report(self, write: Write) -> None:
        self._count += write.ended == 0.0
        record = {name: getattr(write, name) for name in Write.__slots__} | {"number": self._count}
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def _key(self, row: Any) -> str:
        return f"{row._meta.label_lower}:{row.pk}"

    def _new(self, room: str) -> Any:
        return self._messages(room_id=room, author=self._author, text=self._text())

    def _text(self) -> str:
        return f"bulk says {now()}"

    def _room(self) -> str:
        return self._draw.choice(self._rooms)

    def _keep(self, rows: list[Any], room: str) -> None:
        self._kept = [*self._kept, *((row, room) for row in rows)][-KEPT:]

    def _some(self) -> tuple[list[Any], str]:
        """Returns a few messages of one room that are still there, and the room."""
        room = self._room()
        mine = [row for row, where in self._kept if where == room]
        return self._draw.sample(mine, min(len(mine), self._draw.randint(1, 4))), room


@contextlib.contextmanager
def _recorded() -> Iterator[list[Any]]:
    """Collects the events that the engine records in the block. The textbook's app has no engine, and no events."""
    from django.apps import apps

    if not apps.is_installed("tidewire"):
        yield []
        return
    from tidewire.snapshots import recorded_events

    with recorded_events() as events:
        yield events


def read_writes(path: Path) -> list[Write]:
    """Returns the attempts that a bulk writer wrote to its file. Skips a last line that a kill cut off."""
    writes: dict[int, Write] = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        with contextlib.suppress(ValueError):
            record = json.loads(line)
            number = record.pop("number")
            record["positions"] = [tuple(position) for position in record["positions"]]
            writes[number] = Write(**record)
    return list(writes.values())


def main(seed: str, file: str, seconds: str, app: str, *rooms: str) -> None:
    import django

    django.setup()
    with Path(file).open("a") as output:
        BulkWriter(int(seed), output, app, list(rooms)).write(float(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
