"""`manage.py housekeeping`: does all chores now, due or not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from tidewire.diagnosis.arguments import above_zero
from tidewire.diagnosis.commands import OurCommand
from tidewire.ground.conf import conf
from tidewire.jobs import chores
from tidewire.log.database import log_alias


class Command(OurCommand):
    help = (
        "Does all chores: deletes old events, stored answers, sessions and what else would grow for ever. Servers do "
        "each of them about once in PRUNE_SECONDS. Run it by a timer where PRUNE_SECONDS is 0."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--share",
            type=above_zero,
            default=conf.PRUNE_SHARE,
            help="of the time in which rows are deleted; 1 for at once (default: the setting PRUNE_SHARE)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["share"] <= 1:
            raise CommandError("--share is above 0, and 1 at most")
        chores.look(log_alias())
        for name in chores.names():
            rows = chores.run(name, log_alias(), options["share"])
            self.stdout.write(f"{name}: {rows} rows deleted")
