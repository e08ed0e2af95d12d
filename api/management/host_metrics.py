"""Measurements of this machine, which `push_host_metrics` pushes and the demo's dashboard shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psutil

METRICS: dict[str, dict[str, Any]] = {
    "cpu": {"name": "CPU", "unit": "%", "thresholds": {"above": 90}},
    "memory": {"name": "Memory", "unit": "%", "thresholds": {"above": 90}},
    "disk": {"name": "Disk", "unit": "%", "thresholds": {"above": 95}},
    "net_in": {"name": "Network in", "unit": "kB/s"},
    "net_out": {"name": "Network out", "unit": "kB/s"},
}
"""{key: body of `POST dashboards/{id}/metrics/`}"""


class Host:
    """Measures this machine."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        psutil.cpu_percent()  # the first call returns 0
        self._at, self._received, self._sent = self._traffic()

    def measure(self) -> dict[str, float]:
        """Returns {key: value}. Rates are averages since the call before."""
        before = (self._at, self._received, self._sent)
        self._at, self._received, self._sent = self._traffic()
        seconds = max(self._at - before[0], 0.001)
        return {
            "cpu": psutil.cpu_percent(),
            "memory": psutil.virtual_memory().percent,
            "disk": psutil.disk_usage("/").percent,
            "net_in": round(max(0, self._received - before[1]) / seconds / 1000, 2),
            "net_out": round(max(0, self._sent - before[2]) / seconds / 1000, 2),
        }

    def _traffic(self) -> tuple[float, int, int]:
        counters = psutil.net_io_counters()  # None where there is no network
        return self._clock(), getattr(counters, "bytes_recv", 0), getattr(counters, "bytes_sent", 0)
