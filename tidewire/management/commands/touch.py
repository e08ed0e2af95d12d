"""`manage.py touch`: tells what was written without Tidewire."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tidewire.capture.catching_up import delete_lost, touch_all
from tidewire.declare.registry import registry


class Command(BaseCommand):
    help = (
        "Tells the present state of live models' rows, and the deletion of rows that the log knows and that are gone. "
        "For after a process without Tidewire, or SQL by hand, has written. Each row becomes an event."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("models", nargs="*", help="such as shop.Order; all live models by default")

    def handle(self, *args: Any, **options: Any) -> None:
        live = list(dict.fromkeys(declaration.model for declaration in registry.lives))
        try:
            wanted = [apps.get_model(label) for label in options["models"]] or live
        except (LookupError, ValueError) as error:
            raise CommandError(str(error)) from error
        for model in wanted:
            if model not in live:
                raise CommandError(f"{model._meta.label} is not live: no declaration names it")
            self.stdout.write(f"{model._meta.label}: {touch_all(model)} rows touched, {delete_lost(model)} found gone")
