"""Writers in processes of their own, all to the same two streams. A program that `test_concurrent_writers` runs.

Prints one JSON object: what each writer did and when, by one clock, and what the log says in the end.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
ROLLED_BACK = 0.15
FORK = multiprocessing.get_context("fork")  # the apps are loaded once for all writers


class Stop(Exception):
    """Ends a block that is meant to be rolled back."""


class Writer:
    """Commits `commits` transactions, and rolls some others back. Every second writer takes the rooms in reverse."""

    def __init__(self, number: int, rooms: list[str], commits: int) -> None:
        self.number, self.commits = number, commits
        self.rooms = rooms if number % 2 == 0 else rooms[::-1]
        self.random = random.Random(number)
        self.kept: list[str] = []

    def run(self) -> list[dict[str, Any]]:
        done: list[dict[str, Any]] = []
        committed = 0
        while committed < self.commits:
            done.append(self.write_once())
            committed += done[-1]["committed"]
        return done

    def write_once(self) -> dict[str, Any]:
        """Runs one transaction. A deadlock ends the test.

        Returns {began, ended, committed, kept: {room: ids}, lost: ids}.
        """
        from django.db import transaction

        kept: dict[str, list[str]] = {room: [] for room in self.rooms}
        lost: list[str] = []
        began = time.monotonic_ns()
        try:
            with transaction.atomic():
                for room in self.rooms:
                    self.write_to(room, kept[room], lost)
                if self.random.random() < ROLLED_BACK:
                    raise Stop
            is_committed = True
        except Stop:
            is_committed = False
            kept, lost = {}, lost + [id for ids in kept.values() for id in ids]
        ended = time.monotonic_ns()
        self.kept += [id for ids in kept.values() for id in ids]
        return {"began": began, "ended": ended, "committed": is_committed, "kept": kept, "lost": lost}

    def write_to(self, room: str, kept: list[str], lost: list[str]) -> None:
        from api.models import Message

        kept.append(str(Message.objects.create(room_id=room, text="saved").pk))
        path = self.random.choice(("alone", "alone", "many", "edited", "savepoint"))
        if path == "many":
            made = Message.objects.bulk_create(Message(room_id=room, text="many") for _ in range(2))
            kept += [str(message.pk) for message in made]
        elif path == "edited" and self.kept:
            Message.objects.filter(pk=self.random.choice(self.kept)).update(text="edited")
        elif path == "savepoint":
            self.write_in_savepoint(room, kept, lost)

    def write_in_savepoint(self, room: str, kept: list[str], lost: list[str]) -> None:
        from django.db import transaction

        from api.models import Message

        id, is_lost = None, self.random.random() < 0.5
        try:
            with transaction.atomic():
                id = str(Message.objects.create(room_id=room, text="in a savepoint").pk)
                if is_lost:
                    raise Stop
        except Stop:
            pass
        (lost if is_lost else kept).append(id)


# -- the program -----------------------------------------------------------------------------------------------------


def in_child(work: Callable[..., Any], *arguments: Any) -> Any:
    """Starts the work in a process of its own. Returns a function that waits for it, and returns what it returned."""
    ours, theirs = FORK.Pipe(duplex=False)

    def run() -> None:
        try:
            theirs.send((work(*arguments), None))
        except BaseException:
            theirs.send((None, traceback.format_exc()))

    process = FORK.Process(target=run)
    process.start()
    theirs.close()

    def result() -> Any:
        value, error = ours.recv()
        process.join()
        if error:
            sys.exit(error)
        return value

    return result


def prepare() -> list[str]:
    """Makes the tables and two rooms. Returns the keys of the rooms."""
    from django.core.management import call_command

    from api.models import Room

    call_command("migrate", verbosity=0)
    return [str(Room.objects.create(name=name).pk) for name in ("one", "two")]


def log(rooms: list[str]) -> dict[str, Any]:
    """Returns {room: {head, events: [(offset, type, message)]}}."""
    from tidewire.log.tables import Event, Stream

    found = {}
    for room in rooms:
        stream = Stream.objects.get(name=f"room:{room}")
        rows = Event.objects.filter(stream=stream).order_by("offset").values_list("offset", "type", "object")
        events = [(offset, type, object.partition(":")[2]) for offset, type, object in rows]
        found[room] = {"head": stream.head, "events": events}
    return found


def rows() -> list[str]:
    from api.models import Message

    return [str(pk) for pk in Message.objects.values_list("pk", flat=True)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--writers", type=int, required=True)
    parser.add_argument("--commits", type=int, required=True, help="of each writer")
    arguments = parser.parse_args()
    django.setup()
    rooms = in_child(prepare)()
    waiting = [in_child(Writer(number, rooms, arguments.commits).run) for number in range(arguments.writers)]
    writers = [result() for result in waiting]
    print(json.dumps({"writers": writers, "log": in_child(log, rooms)(), "rows": in_child(rows)()}))


if __name__ == "__main__":
    main()
