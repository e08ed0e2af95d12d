"""`manage.py disconnect`: closes a user's connections on all processes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from tidewire.diagnosis.commands import TeachingCommand
from tidewire.log.database import log_alias
from tidewire.log.disconnections import disconnect
from tidewire.logbook import reading


class Command(TeachingCommand):
    help = (
        "Closes the connections of a user on all processes, within their poll interval. The user stays signed in: "
        "clients come back at once by themselves, unless --final. To sign a user out, end the sessions in the admin."
    )
    examples = [
        ("bob@example.com", "all of them (code 3011); the clients connect again and recover"),
        (
            "bob@example.com --connection 5b0c6d0e-9a1f-4f4e-8f6c-3f6f7c2f1a10",
            "one, by the id in `connections`",
        ),
        ("bob@example.com --final", "with code 3503, after which SDKs stay away until the app is started again"),
    ]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="The account: its id, or its address.")
        parser.add_argument("--connection", action="append", default=[], help="Only this one; may be repeated.")
        parser.add_argument("--final", action="store_true", help="SDKs do not come back by themselves.")

    def handle(self, *args: Any, user: str, connection: list[str], final: bool, **options: Any) -> None:
        user_id, using = self.user_id(user), log_alias()
        known = reading.open_connections(using, user_id).count()
        with transaction.atomic(using=using):
            disconnect(user_id, connection, is_final=final, using=using)
        which = f"{len(connection)} named" if connection else "all"
        self.stdout.write(f"Every process closes {which} connections of {user_id}; {known} are known to be open.")
