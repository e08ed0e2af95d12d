"""The supervisor's own metrics. It answers no requests, so it leaves them in a file for its workers to show.

The file lies in the folder of the workers' metrics (PROMETHEUS_MULTIPROC_DIR); `ground/metrics.py` adds it to what it
shows.
"""

from __future__ import annotations

import logging
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from tidewire.ground.metrics import SUPERVISOR_FILE

logger = logging.getLogger(__name__)


class Figures:
    """The metrics of one supervisor, with so many workers by its settings."""

    def __init__(self, folder: Path, wanted: int) -> None:
        self._registry = CollectorRegistry()
        self._path = folder / SUPERVISOR_FILE
        self.workers = Gauge("tidewire_workers", "Workers that serve.", registry=self._registry)
        Gauge("tidewire_workers_wanted", "Workers that should serve.", registry=self._registry).set(wanted)
        self.deaths = Counter("tidewire_worker_deaths", "Workers that ended unasked.", registry=self._registry)
        self.reloads = Counter(
            "tidewire_reloads", "Reloads (SIGHUP), by outcome: done, refused.", ["outcome"], registry=self._registry
        )
        for outcome in ("done", "refused"):
            self.reloads.labels(outcome)
        self.write()

    def write(self) -> None:
        """Replaces the file at one stroke: workers read it at any time. On a full disk it stays as it was: the service
        does not end for its figures."""
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_bytes(generate_latest(self._registry))
            fresh.replace(self._path)
        except OSError as error:
            logger.warning("the supervisor's figures are not written: %s", error)
