"""Counts of attempts, such as passwords tried. They are in the database, so that all processes share them."""

from __future__ import annotations

import time
from collections.abc import Collection

from django.db import connections, models, router
from django.db.models import F


class Attempts(models.Model):
    """The attempts of one key in a window that starts with the first. `until` is its end, in seconds since 1970."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.IntegerField()
    until = models.FloatField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} attempts"

    @classmethod
    def add(cls, keys: Collection[str], seconds: float) -> dict[str, tuple[int, float]]:
        """Counts one attempt for each key, in one statement. Returns {key: (attempts in its window, seconds left)}."""
        using, now = router.db_for_write(cls), time.time()
        table = connections[using].ops.quote_name(cls._meta.db_table)
        rows = ", ".join(["(%s, 1, %s)"] * len(keys))
        statement = (
            f"INSERT INTO {table} (key, count, until) VALUES {rows} ON CONFLICT (key) DO UPDATE SET "
            f"count = CASE WHEN {table}.until <= %s THEN 1 ELSE {table}.count + 1 END, "
            f"until = CASE WHEN {table}.until <= %s THEN EXCLUDED.until ELSE {table}.until END "
            f"RETURNING key, count, until"
        )
        values = [value for key in sorted(keys) for value in (key, now + seconds)]
        with connections[using].cursor() as cursor:
            cursor.execute(statement, [*values, now, now])
            return {key: (count, max(0.0, until - now)) for key, count, until in cursor.fetchall()}

    @classmethod
    def take_back(cls, keys: Collection[str]) -> None:
        """Subtracts one attempt for each key."""
        for key in keys:  # one by one: a statement that locks a single row cannot deadlock
            cls.objects.filter(key=key, count__gt=0).update(count=F("count") - 1)

    @classmethod
    def prune(cls) -> int:
        return cls.objects.filter(until__lt=time.time()).delete()[0]
