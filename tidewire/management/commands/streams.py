"""`manage.py streams`: the streams, where they stand, and how much they hold."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count, Max, Min, Sum
from django.db.models.functions import Length

from tidewire.diagnosis.arguments import whole
from tidewire.diagnosis.commands import TeachingCommand, table
from tidewire.diagnosis.why_lines import time_text
from tidewire.log.database import log_alias
from tidewire.log.tables import Event, Stream


class Command(TeachingCommand):
    help = (
        "Lists streams: position, how many events are kept and their bytes, and the last event. Those that were "
        "written to last come first. Reads only."
    )
    requires_system_checks = []
    examples = [
        ("", "the twenty streams that were written to last"),
        ("room --limit 5", "five rooms"),
        ("room:0197b1f0-1c3a-7000-8000-000000000000", "one stream"),
        ("--by head", "those with most events first"),
    ]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("prefix", nargs="?", default="", help="A kind, or the name of a stream or its beginning.")
        parser.add_argument("--limit", type=whole(1), default=20, help="How many (20).")
        parser.add_argument("--by", choices=["time", "head"], default="time", help="What comes first (time).")

    def handle(self, *args: Any, prefix: str, limit: int, by: str, **options: Any) -> None:
        order = {"time": "-touched_at", "head": "-head"}[by]
        rows = Stream.objects.using(log_alias()).filter(name__startswith=prefix).order_by(order)[:limit]
        shown = [self._row(stream) for stream in rows]
        headings = ["STREAM", "OFFSET", "EPOCH", "KEPT", "FROM", "BYTES", "LAST EVENT", "AT"]
        self.stdout.write(table(shown, headings) if shown else "There is no such stream.")

    @staticmethod
    def _row(stream: Stream) -> list[object]:
        events = Event.objects.using(log_alias()).filter(stream=stream)
        sums = {"kept": Count("pk"), "first": Min("offset"), "last": Max("offset"), "bytes": Sum(Length("payload"))}
        found = events.aggregate(**sums)
        last = events.filter(offset=found["last"]).first() if found["kept"] else None
        about_last = [last.type, time_text(last.at)] if last else ["-", "-"]
        kept = [found["kept"], found["first"] or "-", found["bytes"] or 0]
        return [stream.name, stream.head, stream.epoch, *kept, *about_last]
