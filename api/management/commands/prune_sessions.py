from typing import Any

from django.core.management.base import BaseCommand

from api.models import Attempts, Session


class Command(BaseCommand):
    help = "Deletes sessions that have expired or ended, and counts of old attempts."

    def handle(self, *args: Any, **options: Any) -> None:
        sessions = 0
        while pruned := Session.objects.prune():
            sessions += pruned
        self.stdout.write(f"Deleted {sessions} sessions and {Attempts.prune()} counts.")
