"""Measures how fast samples are stored and read when there are many already.

    python -m bench.samples --database postgresql --rows 10000000
    python -m bench.samples --database sqlite --rows 1000000 --check

A hundred metrics are filled, a sample every ten seconds, in the order of time as pushers would; and one more with a
sample every second. Then, in one run: a day of each at 300 points beside one row fetched by its key; and batches of 500
pushed as the API does, with their events, beside plain `bulk_create` of the same rows. `--check` fails above the bounds
of BOUNDS.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.databases import throw_away

SERIES = 100
SECOND = 1_000_000
DAY = 86_400 * SECOND
POINTS = 300
BATCH = 500
BOUNDS = {"day_of_8640": 50.0, "ingest": 0.6, "memory_mb": 32.0}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with throw_away("samples", options.database):
        import django  # the settings read what stands above

        django.setup()
        found = measure(options.rows)
    print(json.dumps({"database": options.database, **found}, indent=2))
    return 1 if options.check and not is_good(found) else 0


def is_good(found: dict[str, Any]) -> bool:
    return (
        found["day_of_8640"]["ratio"] <= BOUNDS["day_of_8640"]
        and found["ingest"]["ratio"] >= BOUNDS["ingest"]
        and found["memory_mb"] <= BOUNDS["memory_mb"]
        and found["uses_the_key"]
    )


def measure(rows: int) -> dict[str, Any]:
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    metrics, end = _fill(rows)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found: dict[str, Any] = {"rows": rows}
    by_key = _median(lambda: type(metrics[0]).objects.get(pk=metrics[0].pk), 300)
    found["row_by_key_ms"] = round(by_key, 3)
    for name, metric in {"day_of_8640": metrics[0], "day_of_86400": metrics[-1]}.items():
        step, series = DAY // POINTS, metric.series
        start = (end - DAY) // step * step
        buckets = series.buckets(start, start + DAY, step)
        assert len(buckets) >= POINTS - 1, len(buckets)
        took = _median(lambda series=series, start=start, step=step: series.buckets(start, start + DAY, step), 60)
        found[name] = {"ms": round(took, 2), "ratio": round(took / by_key, 1)}
    found["uses_the_key"] = _uses_the_key(metrics[0].series, end)
    found["ingest"] = _ingest(metrics[1], metrics[2], end)
    found["memory_mb"] = round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, 1)
    found["bytes_per_sample"] = _bytes_per_sample(rows)
    return found


def _fill(rows: int) -> tuple[list[Any], int]:
    """Makes metrics with `rows` samples. Returns the metrics, the dense one last, and the time of the last sample."""
    from django.db import connection, transaction

    from api.models import Dashboard, Metric, Series, rollups

    dashboard = Dashboard.objects.create(name="Many")
    metrics = [Metric.objects.create(dashboard=dashboard, key=f"m{n}", name=f"m{n}") for n in range(SERIES + 1)]
    for metric in metrics:
        Series.objects.create(metric=metric)
    numbers = [metric.series.pk for metric in metrics]
    dense = min(87_000, rows // 2)
    each = (rows - dense) // SERIES
    end = int(time.time()) * SECOND
    sparse_step = 10 * SECOND
    if each * sparse_step < DAY:
        print(f"note: {each} samples per metric", file=sys.stderr)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO api_sample (series_id, at, value) SELECT s, %s - t * %s::bigint, random() * 100 "
                "FROM generate_series(%s, 1, -1) t, unnest(%s::int[]) s",
                [end, sparse_step, each, numbers[:-1]],
            )
            cursor.execute(
                "INSERT INTO api_sample (series_id, at, value) SELECT %s, %s - t * 1000000::bigint, random() * 100 "
                "FROM generate_series(%s, 1, -1) t",
                [numbers[-1], end, dense],
            )
    else:
        sparse = ((s, end - t * sparse_step, t % 97 / 7) for t in range(each, 0, -1) for s in numbers[:-1])
        lines = ((numbers[-1], end - t * SECOND, t % 97 / 7) for t in range(dense, 0, -1))
        with transaction.atomic(), connection.cursor() as cursor:
            for some in (sparse, lines):
                cursor.connection.executemany("INSERT INTO api_sample (series_id, at, value) VALUES (?, ?, ?)", some)
    rollups.rebuild("default")
    return metrics, end


def _median(call: Callable[[], Any], runs: int) -> float:
    """Returns the median time of a call, in milliseconds."""
    call()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def _uses_the_key(series: Any, end: int) -> bool:
    from django.db import connection

    from api.models.rollups import READ

    explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
    with connection.cursor() as cursor:
        statement = READ[connection.vendor]["samples"].format(series=series.pk, unit=0)
        cursor.execute(explain + statement, [json.dumps([[end - DAY, end - DAY, end]])])
        plan = " ".join(str(column) for row in cursor.fetchall() for column in row)
    print(plan, file=sys.stderr)
    if connection.vendor == "postgresql":
        return "Index Only Scan using api_sample_pkey" in plan and "Seq Scan" not in plan
    return "USING PRIMARY KEY" in plan and "SCAN s" not in plan and "SCAN api_sample" not in plan


def _ingest(ours: Any, plain: Any, end: int) -> dict[str, Any]:
    """Stores batches in turns, so that both meet the same machine: as the API does, and with plain `bulk_create`."""
    from django.db import transaction

    from api.models import Sample
    from api.models.samples import Point
    from api.streams import record_samples

    times: dict[str, list[float]] = {"push": [], "bulk_create": []}
    for batch in range(60):
        points = [Point(end + (batch * BATCH + n) * 1000, n / 7) for n in range(BATCH)]
        started = time.perf_counter()
        with transaction.atomic():
            record_samples(ours, points)
        times["push"].append(time.perf_counter() - started)
        started = time.perf_counter()
        with transaction.atomic():
            Sample.objects.bulk_create(Sample(series_id=plain.series.pk, at=at, value=value) for at, value in points)
        times["bulk_create"].append(time.perf_counter() - started)
    medians = {name: round(statistics.median(taken[5:]) * 1000, 2) for name, taken in times.items()}
    rates = {f"{name}_samples_per_second": round(BATCH / ms * 1000) for name, ms in medians.items()}
    return {**medians, **rates, "ratio": round(medians["bulk_create"] / medians["push"], 2)}


def _bytes_per_sample(rows: int) -> float:
    from django.conf import settings
    from django.db import connection

    if connection.vendor == "sqlite":
        return round(os.path.getsize(settings.DATABASES["default"]["NAME"]) / rows, 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size('api_sample')")
        return round(cursor.fetchone()[0] / rows, 1)


if __name__ == "__main__":
    sys.exit(main())
