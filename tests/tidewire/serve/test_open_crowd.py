"""What an open response costs beside an idle socket: memory, threads, database connections, an event's time."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from bench.doors import make_site, measure
from tests.rig.site import Site, Sites
from tests.rig.verify import figure

CROWD, EVENTS = 5_000, 40
SMALL_CROWD, FEW_EVENTS = 200, 3
MOST_MEMORY = MOST_TIME = 1.5
MOST_CONNECTIONS = 5
MOST_THREADS = 8
"""Those that read the log and check access, for all clients together."""


@pytest.fixture(params=["embedded", pytest.param("grown", marks=pytest.mark.verify)])
def site(request: pytest.FixtureRequest, sites: Sites) -> Iterator[Site]:
    site = make_site(sites, request.param)
    yield site
    site.stop()
    site.check_logs()


def test_a_response_costs_about_what_a_socket_costs(site: Site) -> None:
    """In `make test` a small crowd on SQLite; the time of an event is compared in `make verify`, without other load."""
    crowd, events = (CROWD, EVENTS) if site.size == "grown" else (SMALL_CROWD, FEW_EVENTS)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 3 * crowd + 1000), hard))
    try:
        sockets, responses = (measure(site, kind, crowd, events) for kind in ("sockets", "responses"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    figure(
        f"{crowd} clients: {responses.bytes / 1024:.1f} KiB a response, {sockets.bytes / 1024:.1f} KiB a socket; an "
        f"event {responses.microseconds:.0f} µs a response, {sockets.microseconds:.0f} µs a socket; "
        f"{responses.opened} more database connections, {len(responses.connections)} in all"
    )
    assert responses.bytes < MOST_MEMORY * sockets.bytes
    assert responses.threads <= MOST_THREADS
    assert responses.opened <= MOST_CONNECTIONS
    assert responses.microseconds < MOST_TIME * sockets.microseconds or site.size == "embedded"
