from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction

from api.models import RollUp, rollups
from tidewire.diagnosis.commands import OurCommand


class Command(OurCommand):
    help = (
        "Makes the roll-ups of all samples anew. Needed only after samples were written past the application: "
        "by SQL, or by processes of an older version. Stop the writers of samples meanwhile."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            rollups.rebuild(DEFAULT_DB_ALIAS)
        self.stdout.write(f"{RollUp.objects.count()} roll-ups made.")
