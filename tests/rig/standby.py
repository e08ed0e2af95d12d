"""A standby of the server of `--database postgresql`, as the database alias `replica`, for tests in this process."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connections
from rest_framework.test import APIClient

from tests.rig import plugin, servers
from tests.rig.servers import PostgreSQL

OUTCOMES = ("replica", "behind", "away", "failed", "promoted")
CATCH_UP_SECONDS = 30.0


@pytest.fixture(scope="session")
def standby_server(request: pytest.FixtureRequest, django_db_setup: None) -> Iterator[PostgreSQL]:
    """The standby of all modules that leave it as it is. The first of them starts it."""
    server = start(request.config)
    yield server
    server.stop()


def start(config: pytest.Config) -> PostgreSQL:
    """Starts a standby of the server that the tests run on. Skips on SQLite, which has no replicas."""
    if connections["default"].vendor != "postgresql":
        pytest.skip("SQLite has no replicas")
    return servers.start_replica(config.stash[plugin.postgresql])


@pytest.fixture(scope="module")
def standby(standby_server: PostgreSQL) -> Iterator[PostgreSQL]:
    """That standby as the alias `replica`."""
    with as_replica(standby_server):
        yield standby_server


@contextmanager
def as_replica(server: PostgreSQL, **changes: str) -> Iterator[None]:
    """Makes the server the alias `replica`, with these changes of Django's settings of a database."""
    settings = copy.deepcopy(connections.settings["default"])
    settings |= {"NAME": connections["default"].settings_dict["NAME"], "PORT": str(urlsplit(server.url).port)}
    settings |= {"CONN_HEALTH_CHECKS": False, "TEST": settings["TEST"] | {"MIRROR": "default"}} | changes
    settings["OPTIONS"]["pool"] |= {"min_size": 0, "timeout": 1}
    before = connections.settings.get("replica")
    _forget()
    connections.settings["replica"] = settings
    try:
        yield
    finally:
        _forget()
        if before is not None:
            connections.settings["replica"] = before


def _forget() -> None:
    """Closes and removes the alias, if there is one."""
    if "replica" in connections.settings:
        connections["replica"].close()
        connections["replica"].close_pool()
        del connections["replica"], connections.settings["replica"]


def catch_up() -> None:
    """Waits until the replica has replayed all that was committed."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn()::text")
        (end,) = cursor.fetchone()
    deadline = time.monotonic() + CATCH_UP_SECONDS
    with connections["replica"].cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [end])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise TimeoutError("the replica does not follow")


@contextmanager
def paused(standby: PostgreSQL) -> Iterator[None]:
    """Holds the replica where it is now."""
    catch_up()
    standby.execute("SELECT pg_wal_replay_pause()")
    try:
        yield
    finally:
        standby.execute("SELECT pg_wal_replay_resume()")


def outcomes() -> dict[str, int]:
    """Returns {outcome: reads} so far."""
    from tidewire.ground.metrics import replica_reads  # registers metrics, which need settings

    return {name: int(replica_reads.labels(name)._value.get()) for name in OUTCOMES}


@contextmanager
def served(**expected: int) -> Iterator[None]:
    """Expects these outcomes of the reads in the block, and no others."""
    before = outcomes()
    yield
    after = outcomes()
    assert {name: after[name] - before[name] for name in OUTCOMES if after[name] != before[name]} == expected


class Person(APIClient):
    """A client that is signed in, and reads what a replica may serve."""

    def __init__(self, user: Any) -> None:
        super().__init__(headers={"host": "localhost"})
        self.user = user
        from api.auth import sessions  # wants Django to be set up

        self.credentials(HTTP_AUTHORIZATION=f"Bearer {sessions.sign_in_as(user)['access']}")

    def texts(self, room: Any, query: str = "") -> list[str]:
        response = self.get(f"/api/v1/rooms/{room.pk}/messages/{query}")
        assert response.status_code == 200, response.content
        return [each["text"] for each in response.json()["results"]]
