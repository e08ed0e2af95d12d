from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS

from api import chores
from tidewire.diagnosis.commands import OurCommand


class Command(OurCommand):
    help = "Deletes samples that are older than their metric keeps them, as servers do by themselves."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Deleted {sum(chores.prune_samples(DEFAULT_DB_ALIAS))} samples.")
