"""`manage.py prune_events`: deletes the events, and the stored answers, that no client can ask for any more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from tidewire.log import retention
from tidewire.rest.answers import Answer


class Command(BaseCommand):
    help = (
        "Deletes the events that are outside their retention window, and answers kept for retries. Servers do this by "
        "themselves every hour."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{retention.prune()} events and {Answer.objects.prune()} answers pruned")
