"""All looks, in the order in which one fault explains the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import DatabaseError

from tidewire.diagnosis.doctor import certificates, configuration, edge, history, layer, site, stores, upkeep
from tidewire.diagnosis.doctor.finding import ERROR, Finding
from tidewire.serve.tls.certificates import Certificate


@dataclass(frozen=True, slots=True)
class Options:
    """What an examination may look at: the site from outside, the number of processes, a file to remember in, the
    certificate that `serve` has."""

    workers: int = 1
    site: site.Site | None = None
    state: Path | None = None
    least_gib: float = 1.0
    certificate: Certificate | None = None


def examine(options: Options) -> Iterator[Finding]:
    """Yields what is found. A fault of one part keeps no other part from being looked at."""
    yield from configuration.look_at_settings()
    yield from configuration.look_at_workers(options.workers)
    has_database = True
    for finding in stores.look_at_database(options.workers):
        yield finding
        has_database &= not (finding.level == ERROR and finding.subject in ("database", "migrations"))
    if has_database:
        try:
            yield from history.look_at_history(options.state)
            yield from upkeep.look_at_upkeep()
            yield from edge.look_at_edge()
        except DatabaseError as failure:
            yield Finding(ERROR, "database", f"it fails: {failure}", "Look at its log.")
    yield from layer.look_at_layer()
    yield from configuration.look_at_statics()
    yield from configuration.look_at_files()
    yield from configuration.look_at_disk(options.least_gib)
    if options.certificate is not None:
        yield from certificates.look_at_certificate(options.certificate)
    if options.site is not None:
        yield from site.look_at_site(options.site)
