"""How many files a process may open, and how many connections that allows: each is one open file."""

from __future__ import annotations

import resource
from dataclasses import dataclass

from tidewire.ground.conf import conf

SPARE_FILES = 64
"""Kept for Redis, logs, static files, the event loop's own, and what Python opens for a moment."""

FILES_PER_THREAD = 2
"""Of a thread with a database connection. SQLite's are the database and its WAL, PostgreSQL's is a socket."""

RESERVE = 32
"""Connections beyond all places, so that a probe is answered when there is no place."""

MOST_HTTP_PLACES = 1000
"""For plain HTTP, beyond those of WebSockets: REST must answer when the sockets are full."""

LEAST_PLACES = 64
NO_LIMIT = 1 << 20


class TooFewFilesError(Exception):
    """The system allows this process too few open files. The text says how many it needs, and how to allow them."""


@dataclass(frozen=True, slots=True)
class Places:
    """How many connections there may be: WebSockets, and all together. Both are always finite."""

    sockets: int
    total: int


def raise_file_limit() -> int:
    """Sets the soft limit of open files to the hard one; returns the limit that holds then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        hard = soft
    return hard if hard != resource.RLIM_INFINITY else NO_LIMIT


def places_of_settings() -> Places:
    """Returns the places of this process by the settings, after raising its limit of open files as far as the system
    allows. Raises TooFewFilesError."""
    return places(raise_file_limit(), conf.MAX_VIEWS + conf.DATABASE_THREADS, conf.MAX_CONNECTIONS)


def places(files: int, threads: int, max_sockets: int) -> Places:
    """Returns how many connections a process with so many open files has, beside the files of so many threads.

    `max_sockets` is the most WebSockets, 0 for as many as possible. A quarter of the places, MOST_HTTP_PLACES at most,
    is left to plain HTTP. Raises TooFewFilesError for less than LEAST_PLACES.
    """
    spare = SPARE_FILES + FILES_PER_THREAD * threads + RESERVE
    left = files - spare
    if left < LEAST_PLACES:
        raise TooFewFilesError(
            f"This process may open {files} files, and needs {spare + LEAST_PLACES} or more. Raise the limit: "
            "`ulimit -n 65536` in a shell, LimitNOFILE=65536 in a systemd unit, `ulimits` in Compose."
        )
    http = min(MOST_HTTP_PLACES, left // 4)
    sockets = min(max_sockets or left, left - http)
    return Places(sockets, sockets + http)
