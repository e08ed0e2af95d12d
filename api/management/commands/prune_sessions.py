from typing import Any

from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS

from api import chores


class Command(BaseCommand):
    help = "Deletes sessions that have expired or ended, and networks without a sign-in for a month, as servers do."

    def handle(self, *args: Any, **options: Any) -> None:
        sessions = sum(chores.prune_sessions(DEFAULT_DB_ALIAS))
        networks = sum(chores.prune_known_networks(DEFAULT_DB_ALIAS))
        self.stdout.write(f"Deleted {sessions} sessions and {networks} networks.")
