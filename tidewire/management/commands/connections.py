"""`manage.py connections`: the open connections of all processes, or those of one user with what became of them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from tidewire.diagnosis.arguments import whole
from tidewire.diagnosis.commands import TeachingCommand, table
from tidewire.diagnosis.why_lines import time_text
from tidewire.log.database import log_alias
from tidewire.logbook import reading
from tidewire.logbook.tables import LoggedConnection, LoggedProcess


class Command(TeachingCommand):
    help = (
        "Lists the open connections of all processes, from the logbook: a few seconds old. With --ended, also those "
        "that ended, and their codes. Reads only."
    )
    requires_system_checks = []
    examples = [
        ("", "the processes, and fifty connections"),
        ("--user bob@example.com --ended", "what became of a user's connections"),
        ("--stream room:0197b1f0-1c3a-7000-8000-000000000000", "those that are subscribed to a stream"),
    ]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", help="The account: its id, or its address.")
        parser.add_argument("--stream", help="Only those that are subscribed to this stream.")
        parser.add_argument("--ended", action="store_true", help="Also those that ended. Needs --user.")
        parser.add_argument("--limit", type=whole(1), default=50, help="How many (50).")

    def handle(self, *args: Any, user: str | None, stream: str | None, limit: int, **options: Any) -> None:
        using, now = log_alias(), timezone.now()
        processes = {process.id: process for process in LoggedProcess.objects.using(using)}
        for process in reading.running(using, now):
            state = "layer away, " if process.is_deaf else ""
            self.stdout.write(
                f"process {process.pid} on {process.host}: {process.connections} connections, {state}polled "
                f"{process.poll_age:.1f} s before {time_text(process.seen_at)}"
            )
        user_id = self.user_id(user) if user else None
        rows = list(reading.open_connections(using, user_id))
        if options["ended"] and user_id is not None:
            rows = reading.connections_of(user_id, using)
        if stream:
            rows = [row for row in rows if any(seen[0] == stream and seen[5] is None for seen in row.streams)]
        shown = [self._row(row, processes, now) for row in rows[-limit:]]
        headings = ["CONNECTION", "USER", "DOOR", "ADDRESS", "DEVICE", "SINCE", "STREAMS", "UNREAD", "END"]
        self.stdout.write(table(shown, headings) if shown else "No connection is open.")

    @staticmethod
    def _row(row: LoggedConnection, processes: dict[str, LoggedProcess], now: Any) -> list[object]:
        life = reading.life_of(row, processes, now)
        end = "open"
        if life.ended_at is not None:
            how = "lost with its process" if life.was_lost else row.code or "without a code"
            end = f"{time_text(life.ended_at)} {how}"
        streams = sum(seen[5] is None for seen in row.streams)
        about = [row.door, row.address, row.device[:30], time_text(row.opened_at)]
        return [row.id, row.user, *about, streams, row.unread, end]
