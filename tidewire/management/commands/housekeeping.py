"""`manage.py housekeeping`: does all chores now, due or not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from tidewire.jobs import chores
from tidewire.log.database import log_alias


class Command(BaseCommand):
    help = (
        "Does all chores: deletes old events, stored answers, sessions and what else would grow for ever. Servers do "
        "each of them about once in PRUNE_SECONDS. Run it by a timer where PRUNE_SECONDS is 0."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        chores.look(log_alias())
        for name in chores.names():
            self.stdout.write(f"{name}: {chores.run(name, log_alias())} rows deleted")
