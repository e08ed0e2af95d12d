"""`manage.py prune_events`: deletes the events that no client can ask for any more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from tidewire.log import retention


class Command(BaseCommand):
    help = "Deletes the events that are outside their retention window. Servers do this by themselves every hour."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{retention.prune()} events pruned")
