"""What one server process is allowed; see conf.DEFAULTS."""

from __future__ import annotations

import resource
from dataclasses import dataclass

from tidewire.ground.conf import conf
from tidewire.serve.admission import Caps

SPARE_FILES = 256
"""Descriptors that are no connections of clients: database, Redis, files, the loop's own."""


@dataclass(frozen=True, slots=True)
class Options:
    """Numbers of one process."""

    max_connections: int
    max_body_bytes: int
    max_frame_bytes: int
    header_seconds: float
    body_seconds: float
    drain_seconds: float
    trusted_proxies: int

    @property
    def caps(self) -> Caps:
        return Caps(
            sockets=self.max_connections,
            per_address=conf.MAX_SOCKETS_PER_ADDRESS,
            strangers_per_address=conf.MAX_UNIDENTIFIED_PER_ADDRESS,
            per_second=conf.ACCEPTS_PER_SECOND,
            burst=conf.ACCEPT_BURST,
        )


def from_settings() -> Options:
    return Options(
        max_connections=min(conf.MAX_CONNECTIONS, _files() - SPARE_FILES),
        max_body_bytes=conf.MAX_BODY_BYTES,
        max_frame_bytes=conf.MAX_FRAME_BYTES,
        header_seconds=conf.HEADER_SECONDS,
        body_seconds=conf.BODY_SECONDS,
        drain_seconds=conf.DRAIN_SECONDS,
        trusted_proxies=conf.TRUSTED_PROXIES,
    )


def _files() -> int:
    """How many files we may open, after asking for as many as we may ask for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        return soft
    return hard if hard != resource.RLIM_INFINITY else 1 << 20
