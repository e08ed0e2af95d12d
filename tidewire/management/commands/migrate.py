"""`manage.py migrate`, without the timeouts that a server's statements have (SESSION_SETTINGS): a migration of a large
table takes as long as it takes."""

from __future__ import annotations

from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connections

from tidewire.diagnosis.commands import OurCommand
from tidewire.queries.session_settings import lifted


class Command(OurCommand, MigrateCommand):
    def handle(self, *args: Any, **options: Any) -> Any:
        with lifted(connections[options["database"]]):
            return super().handle(*args, **options)
