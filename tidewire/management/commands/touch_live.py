"""`manage.py touch_live`: makes events of what was written unnoticed, by a process without the engine or by raw SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.management.base import CommandError, CommandParser
from django.db.models import Model
from django.utils import timezone

from tidewire.capture.lost_rows import delete_lost
from tidewire.capture.rows import every
from tidewire.capture.touching import touch
from tidewire.declare.registry import registry
from tidewire.diagnosis.commands import OurCommand
from tidewire.log.database import log_alias

BATCH = 500
"""Rows of one transaction: their streams stay locked until it commits."""


class Command(OurCommand):
    help = (
        "Makes an update event of each row of a live model, with its present state: of all rows, or of those that were "
        "changed since a time. Rows that the log knows and that are gone become deletions. For a rolling adoption, "
        "when the last process without the engine has ended; and after raw SQL."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("models", nargs="+", metavar="app.Model")
        parser.add_argument(
            "--since", metavar="TIME", help='Such as "2026-01-31 12:00", in the time zone of TIME_ZONE.'
        )
        parser.add_argument("--by", metavar="COLUMN", help="The column with the time of the last change.")

    def handle(self, *args: Any, models: list[str], since: str | None, by: str | None, **options: Any) -> None:
        at = _time(since) if since else None
        for model in [_model(label) for label in models]:
            rows = every(model, log_alias()).order_by("pk")
            if at is not None:
                rows = rows.filter(**{f"{_column(model, by) if by else _changed_column(model)}__gte": at})
            count, last = 0, None
            while keys := list(
                (rows if last is None else rows.filter(pk__gt=last)).values_list("pk", flat=True)[:BATCH]
            ):
                count += touch(every(model, log_alias()).filter(pk__in=keys))
                last = keys[-1]
            gone = delete_lost(model)
            self.stdout.write(f"{model._meta.label}: {count} rows became events, and {gone} that are gone")


def _model(label: str) -> type[Model]:
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        raise CommandError(f"there is no model {label!r}; write it as app.Model") from None
    if not registry.lives_of(model):
        raise CommandError(f"{label} is not live: no declaration names it")
    return model


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f'{text!r} is no time; write it as "2026-01-31 12:00"') from None
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def _column(model: type[Model], name: str) -> str:
    """Returns the name of a column. Raises CommandError where the model has none of this name."""
    if name not in {field.name for field in model._meta.concrete_fields}:
        raise CommandError(f"{model._meta.label} has no column {name!r}")
    return name


def _changed_column(model: type[Model]) -> str:
    """Returns the only column with auto_now. Raises CommandError where there is none, or more than one."""
    columns = [field.attname for field in model._meta.concrete_fields if getattr(field, "auto_now", False)]
    if len(columns) != 1:
        raise CommandError(f"{model._meta.label} has {len(columns)} columns with auto_now: name one with --by")
    return columns[0]
