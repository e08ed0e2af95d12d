"""`manage.py prune_events`: deletes the events, and the stored answers, that no client can ask for any more."""

from __future__ import annotations

from typing import Any

from tidewire.diagnosis.commands import OurCommand
from tidewire.log import retention
from tidewire.rest.answers import Answer


class Command(OurCommand):
    help = (
        "Deletes the events that are outside their retention window, and answers kept for retries. Servers do this by "
        "themselves every hour."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{retention.prune()} events and {Answer.objects.prune()} answers pruned")
