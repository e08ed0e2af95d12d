"""How often somebody tried lately. In the database: one count for all processes, on both sizes, and it is atomic."""

from __future__ import annotations

import time
from collections.abc import Collection

from django.db import connections, models, router
from django.db.models import F


class Attempts(models.Model):
    """Counts one key within a window that starts with its first attempt. `until` in seconds since 1970."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.IntegerField()
    until = models.FloatField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} attempts"

    @classmethod
    def add(cls, keys: Collection[str], seconds: float) -> dict[str, tuple[int, float]]:
        """Counts one attempt for each key, in one statement. {key: (attempts in its window, seconds left of it)}."""
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
        """These attempts were none to count."""
        for key in keys:  # one by one: a statement that holds one row waits for nobody who waits for it
            cls.objects.filter(key=key, count__gt=0).update(count=F("count") - 1)

    @classmethod
    def prune(cls) -> int:
        return cls.objects.filter(until__lt=time.time()).delete()[0]
