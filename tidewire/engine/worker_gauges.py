"""The gauges of the process that serves: its memory, time and descriptors, and its pool of database connections.

prometheus-client's own figures of a process do not work with several workers. These are for each worker by itself.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db import connections

from tidewire.ground import metrics
from tidewire.log.database import log_alias

_started_at = time.time()
_STATM = Path("/proc/self/statm")
_DESCRIPTORS = Path("/proc/self/fd")


def register() -> None:
    """Makes the gauges be set in each process that serves. Called once, when the app is ready."""
    metrics.at_each_sample(set_worker)
    metrics.at_each_sample(set_pool)


def set_worker() -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    metrics.worker_started_at.set(_started_at)
    metrics.worker_cpu.set(usage.ru_utime + usage.ru_stime)
    metrics.worker_memory.set(_resident_bytes(usage.ru_maxrss))
    metrics.worker_threads.set(threading.active_count())
    metrics.worker_max_descriptors.set(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    with suppress(OSError):  # only Linux shows them
        metrics.worker_descriptors.set(len(os.listdir(_DESCRIPTORS)))


def _resident_bytes(most: int) -> int:
    """Returns the memory of the process; where the system does not show it, the most that it ever had: `most`, in the
    unit of getrusage."""
    try:
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return most if sys.platform == "darwin" else most * 1024


def set_pool() -> None:
    """Sets the gauges of psycopg's pool. Without a pool, as on SQLite, they stay 0."""
    pool: Any = getattr(connections[log_alias()], "pool", None)
    if pool is None:
        return
    stats = pool.get_stats()
    metrics.pool_size.set(pool.max_size)
    metrics.pool_used.set(stats.get("pool_size", 0) - stats.get("pool_available", 0))
    metrics.pool_waiting.set(stats.get("requests_waiting", 0))
