from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from api.models import Series
from api.models.samples import microseconds


class Command(BaseCommand):
    help = "Deletes samples that are older than their metric keeps them. Pushing does it bit by bit."

    def handle(self, *args: Any, **options: Any) -> None:
        now, deleted = timezone.now(), 0
        for series in Series.objects.select_related("metric").iterator():
            deleted += series.prune(microseconds(now - timedelta(days=series.metric.retention_days)))
        self.stdout.write(f"Deleted {deleted} samples.")
