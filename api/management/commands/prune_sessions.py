from typing import Any

from django.db import DEFAULT_DB_ALIAS

from api import chores
from tidewire.diagnosis.commands import OurCommand


class Command(OurCommand):
    help = "Deletes sessions that have expired or ended, and networks without a sign-in for a month, as servers do."

    def handle(self, *args: Any, **options: Any) -> None:
        sessions = sum(chores.prune_sessions(DEFAULT_DB_ALIAS))
        networks = sum(chores.prune_known_networks(DEFAULT_DB_ALIAS))
        self.stdout.write(f"Deleted {sessions} sessions and {networks} networks.")
