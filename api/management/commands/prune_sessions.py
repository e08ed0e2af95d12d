from typing import Any

from django.core.management.base import BaseCommand

from api.models import Answer, Attempts, Session


class Command(BaseCommand):
    help = "Deletes sessions that have expired or ended, counts of old attempts, and answers kept for retries."

    def handle(self, *args: Any, **options: Any) -> None:
        sessions = 0
        while pruned := Session.objects.prune():
            sessions += pruned
        answers = 0
        while pruned := Answer.objects.prune():
            answers += pruned
        self.stdout.write(f"Deleted {sessions} sessions, {Attempts.prune()} counts and {answers} answers.")
