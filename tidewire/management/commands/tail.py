"""`manage.py tail`: prints the events of a stream as they are written."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, close_old_connections

from tidewire.diagnosis.arguments import whole
from tidewire.diagnosis.commands import TeachingCommand, stream_name
from tidewire.ground.positions import Entry
from tidewire.log import heads, pages
from tidewire.log.database import log_alias

POLL_SECONDS = 0.3


class Command(TeachingCommand):
    help = (
        "Prints the events of a stream as they are written, one a line, until it is interrupted. It reads the log, so "
        "it misses nothing; the last line says with which option it goes on from there. Reads only."
    )
    requires_system_checks = []
    examples = [
        ("room:0197b1f0-1c3a-7000-8000-000000000000", "from now on"),
        ("room:0197b1f0-1c3a-7000-8000-000000000000 --last 10", "the last ten first"),
        ("room:0197b1f0-1c3a-7000-8000-000000000000 --from 5f2c0e9d7a1b4c38:412", "from where it stopped"),
        ("room:0197b1f0-1c3a-7000-8000-000000000000 --json | jq .data", "for another program"),
    ]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("stream", type=stream_name, help="Such as room:<id>.")
        begin = parser.add_mutually_exclusive_group()
        begin.add_argument("--last", type=whole(), default=0, help="Begin with so many of the past.")
        begin.add_argument("--from", dest="position", help="Begin after this position, EPOCH:OFFSET.")
        parser.add_argument("--json", action="store_true", help="The events as they are stored, a line each.")
        parser.add_argument("--count", type=whole(1), help="End after so many events.")

    def handle(self, *args: Any, stream: str, position: str | None, count: int | None, **options: Any) -> None:
        self._is_json, self._left = options["json"], count
        for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell has SIGINT ignored
            signal.signal(number, _stop)
        epoch, offset = self._begin(stream, position, options["last"])
        try:
            while self._left is None or self._left > 0:
                epoch, offset = self._read_on(stream, epoch, offset)
        except KeyboardInterrupt:
            pass
        finally:
            self.stderr.write(f"\nGo on with --from {epoch}:{offset}")

    def _begin(self, stream: str, position: str | None, last: int) -> tuple[str, int]:
        head = heads.existing([stream], log_alias()).get(stream)
        if head is None:
            raise CommandError(f"There is no stream {stream} yet. `manage.py streams` lists those that there are.")
        if position is None:
            return head.epoch, max(0, head.offset - last)
        epoch, _, offset = position.rpartition(":")
        if not (epoch and offset.isascii() and offset.isdigit()):
            raise CommandError("A position is EPOCH:OFFSET, as the last line says it.")
        if epoch != head.epoch:
            raise CommandError(
                f"The stream has another epoch now, {head.epoch}: its history was replaced by a restore."
            )
        return epoch, int(offset)

    def _read_on(self, stream: str, epoch: str, offset: int) -> tuple[str, int]:
        """Prints the next events, or waits. Returns the position after them."""
        try:
            page = pages.read_after(stream, offset, using=log_alias())
        except DatabaseError as error:
            self.stderr.write(f"the database does not answer, will be tried again: {error}")
            close_old_connections()
            time.sleep(1)
            return epoch, offset
        if page.head.epoch != epoch:
            self.stderr.write(self.style.WARNING(f"The stream has a new epoch, {page.head.epoch}: it begins anew."))
            return page.head.epoch, page.head.offset
        for entry in page.entries:
            if entry.offset > offset + 1:
                missing = f"{offset + 1} to {entry.offset - 1}"
                self.stderr.write(self.style.WARNING(f"The events {missing} are no longer in the log."))
            self._print(entry)
            offset = entry.offset
            if self._left is not None:
                self._left -= 1
                if not self._left:
                    return epoch, offset
        if not page.entries:
            self.stdout.flush()
            time.sleep(POLL_SECONDS)
        return epoch, offset

    def _print(self, entry: Entry) -> None:
        if self._is_json:
            self.stdout.write(entry.payload)
            return
        event = json.loads(entry.payload)
        actor = event.get("actor") or {}
        by = actor.get("id") or actor.get("type") or "-"
        data = json.dumps(event.get("data"), ensure_ascii=False)
        type = self.coloured(f"{entry.type:<20}", entry.type)
        self.stdout.write(f"{entry.offset:>8}  {event['at'][:23]}  {type}  {by}  {data}")


def _stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt
