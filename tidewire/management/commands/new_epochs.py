"""`manage.py new_epochs`: after a database lost writes, makes every client fetch its state anew."""

from __future__ import annotations

from typing import Any

from tidewire.diagnosis.commands import OurCommand
from tidewire.log import retention


class Command(OurCommand):
    help = (
        "Gives every stream a new epoch and the next generation, so that every client fetches its state anew. Run it "
        "after a database was restored, or after a failover that lost writes."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{retention.renew_epochs()} streams have a new epoch")
