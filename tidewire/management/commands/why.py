"""`manage.py why`: why a user did not get an event."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from tidewire.diagnosis.commands import TeachingCommand, stream_name
from tidewire.diagnosis.why import offset_of, why
from tidewire.log.database import log_alias


class Command(TeachingCommand):
    help = (
        "Says why a user did not get an event, or that it was sent: from the event log (was it written, could the user "
        "read it), the logbook (which connections the user had, what they were sent, how they ended) and the positions "
        "of the user's webhooks. Reads only."
    )
    requires_system_checks = []
    examples = [
        ("bob@example.com room:0197b1f0-1c3a-7000-8000-000000000000 412", "by the offset in the stream"),
        (
            "bob@example.com room:0197b1f0-1c3a-7000-8000-000000000000 0197b1f2-77aa-7000-8000-000000000000",
            "by the id of the event, as clients and the log have it",
        ),
    ]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="The account: its id, or its address.")
        parser.add_argument("stream", type=stream_name, help="Such as room:<id>.")
        parser.add_argument("event", help="The offset of the event, or its id.")

    def handle(self, *args: Any, user: str, stream: str, event: str, **options: Any) -> None:
        try:
            offset = offset_of(stream, event, log_alias())
        except LookupError as error:
            raise CommandError(str(error)) from None
        answer = why(self.user_id(user), stream, offset, log_alias())
        self.stdout.write(self.style.SUCCESS(f"{answer.verdict}: {answer.summary}"))
        for fact in answer.facts:
            self.stdout.write(f"  - {fact}")
        self.stdout.write(answer.advice)
