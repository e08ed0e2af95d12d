"""`manage.py run_jobs`: does pending jobs, such as the erasure of an account, until none is due."""

from __future__ import annotations

from typing import Any

from tidewire.diagnosis.commands import OurCommand
from tidewire.jobs import slices
from tidewire.log.database import log_alias


class Command(OurCommand):
    help = (
        "Does the jobs that are pending (erasures, the events of a new name), in slices. Servers do this by themselves."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        count = slices.run_all(log_alias())
        left = sum(slices.pending(log_alias()).values())
        self.stdout.write(f"{count} slices done, {left} jobs left")
