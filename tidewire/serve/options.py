"""The numbers that one server process goes by; `ground/conf.py` explains each."""

from __future__ import annotations

import resource
from dataclasses import dataclass

from tidewire.ground.conf import conf
from tidewire.ground.frame_rate import FrameLimits
from tidewire.http.body_limit import BodySizes, body_sizes
from tidewire.serve.connection_limits import ConnectionLimits

SPARE_FILES = 256
"""File descriptors kept for everything but WebSockets: database, Redis, files, the event loop's own."""


@dataclass(frozen=True, slots=True)
class Options:
    """Sizes in bytes, times in seconds."""

    connections: ConnectionLimits
    body_sizes: BodySizes
    max_frame_bytes: int
    frames: FrameLimits
    header_seconds: float
    body_seconds: float
    keep_alive_seconds: float
    drain_seconds: float
    trusted_proxies: int


def from_settings() -> Options:
    """Returns the settings' numbers. Raises this process's limit of open files as far as the system allows, and lowers
    the number of WebSockets to what that limit leaves."""
    return Options(
        connections=ConnectionLimits(
            total=min(conf.MAX_CONNECTIONS, _raise_file_limit() - SPARE_FILES),
            per_address=conf.MAX_SOCKETS_PER_ADDRESS,
            unidentified_per_address=conf.MAX_UNIDENTIFIED_PER_ADDRESS,
            accepts_per_second=conf.ACCEPTS_PER_SECOND,
            accept_burst=conf.ACCEPT_BURST,
        ),
        body_sizes=body_sizes(),
        max_frame_bytes=conf.MAX_FRAME_BYTES,
        frames=FrameLimits(conf.FRAME_BURST, conf.FRAMES_PER_SECOND),
        header_seconds=conf.HEADER_SECONDS,
        body_seconds=conf.BODY_SECONDS,
        keep_alive_seconds=conf.KEEP_ALIVE_SECONDS,
        drain_seconds=conf.DRAIN_SECONDS,
        trusted_proxies=conf.TRUSTED_PROXIES,
    )


def _raise_file_limit() -> int:
    """Sets the soft limit of open files to the hard one; returns the limit that holds then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        return soft
    return hard if hard != resource.RLIM_INFINITY else 1 << 20
