from typing import Any

from django.core.management.base import BaseCommand

from api.models import KnownNetwork, Session


class Command(BaseCommand):
    help = "Deletes sessions that have expired or ended, and networks from which nobody signed in for a month."

    def handle(self, *args: Any, **options: Any) -> None:
        sessions = networks = 0
        while pruned := Session.objects.prune():
            sessions += pruned
        while pruned := KnownNetwork.objects.prune():
            networks += pruned
        self.stdout.write(f"Deleted {sessions} sessions and {networks} networks.")
