"""`manage.py replay`: prints stored events of a stream, at the rate at which they were written if that is wanted."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser

from tidewire.diagnosis.arguments import above_zero, whole
from tidewire.diagnosis.commands import TeachingCommand, stream_name
from tidewire.log import heads, pages
from tidewire.log.database import log_alias
from tidewire.log.tables import Event


class Command(TeachingCommand):
    help = (
        "Prints the stored events of a stream as JSON lines, oldest first, to feed a program or a test again. "
        "It sends nothing and changes nothing."
    )
    requires_system_checks = []
    examples = [
        ("room:0197b1f0-1c3a-7000-8000-000000000000", "all that the log holds"),
        ("room:0197b1f0-1c3a-7000-8000-000000000000 --from 100 --to 200", "these offsets"),
        ("dashboard:0197b1f0-1c3a-7000-8000-000000000000 --speed 10", "ten times as fast as they were written"),
    ]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("stream", type=stream_name, help="Such as room:<id>.")
        parser.add_argument("--from", dest="first", type=whole(1), default=1, help="The first offset (1).")
        parser.add_argument("--to", dest="last", type=whole(1), help="The last offset (the head).")
        parser.add_argument("--speed", type=above_zero, help="With the pauses between the events, divided by this.")

    def handle(
        self, *args: Any, stream: str, first: int, last: int | None, speed: float | None, **options: Any
    ) -> None:
        head = heads.existing([stream], log_alias()).get(stream)
        if head is None:
            raise CommandError(f"There is no stream {stream}.")
        offset, last, before = max(0, first - 1), min(last or head.offset, head.offset), None
        while offset < last:
            entries = pages.read_after(stream, offset, using=log_alias()).entries
            times = dict(self._times(stream, offset, last)) if speed else {}
            for entry in entries:
                if entry.offset > last:
                    return
                if entry.offset > offset + 1:
                    self.stderr.write(f"The events {offset + 1} to {entry.offset - 1} are no longer in the log.")
                if speed and before is not None:
                    time.sleep(max(0.0, (times[entry.offset] - before).total_seconds()) / speed)
                before = times.get(entry.offset)
                self.stdout.write(entry.payload)
                offset = entry.offset
            if not entries:
                return

    @staticmethod
    def _times(stream: str, offset: int, last: int) -> list[tuple[int, datetime]]:
        rows = Event.objects.using(log_alias()).filter(stream__name=stream, offset__gt=offset, offset__lte=last)
        return list(rows.order_by("offset").values_list("offset", "at")[: pages.PAGE_EVENTS])
