"""Measures: figures of the database that each serving process reads now and then, for the metrics.

    @measure
    def sizes(using: str) -> None: ...

A measure sets gauges and writes nothing. It should be one or two small queries, because every process does it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DEFAULT_DB_ALIAS

logger = logging.getLogger(__name__)

Measure = Callable[[str], None]
"""`(using)` sets gauges from this database."""

_measures: list[Measure] = []


def measure(function: Measure) -> Measure:
    """Declares a measure. Used as a decorator, in an installed app."""
    _measures.append(function)
    return function


def run_all(using: str = DEFAULT_DB_ALIAS) -> None:
    """Takes all measures. One that raises is logged, and the others are taken."""
    for take in _measures:
        try:
            take(using)
        except Exception as error:
            logger.warning("%s.%s cannot be measured: %s", take.__module__, take.__name__, error)
