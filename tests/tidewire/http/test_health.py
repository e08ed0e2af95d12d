"""Alive, and ready to serve."""

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import AsyncClient

from tidewire.engine import engines
from tidewire.http import health, lifecycle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def client(monkeypatch):
    monkeypatch.setattr(health, "_is_migrated", False)
    yield AsyncClient()
    await engines.stop()
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def database_is_away():
    """For the thread in which views look."""

    def refuse(*arguments):
        raise OperationalError("the database is away")

    wrappers = await sync_to_async(lambda: connection.execute_wrappers)()
    wrappers.append(refuse)
    yield
    wrappers.remove(refuse)


async def test_alive_asks_no_database(client, database_is_away):
    response = await client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


async def test_ready_names_its_checks(client):
    response = await client.get("/readyz")
    checks = {"database": "ok", "migrations": "ok", "layer": "ok"}
    assert (response.status_code, response.json()) == (200, {"status": "ok", "checks": checks})
    assert "no-store" in response["Cache-Control"]


async def test_not_ready_while_a_migration_is_missing(client):
    applied = MigrationRecorder.Migration.objects.filter(app="tidewire").order_by("name")
    row = await sync_to_async(applied.last)()
    await sync_to_async(row.delete)()
    try:
        response = await client.get("/readyz")
    finally:
        await sync_to_async(row.save)(force_insert=True)
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "ok", "migrations": "missing", "layer": "ok"}


async def test_not_ready_while_the_database_is_away(client, database_is_away):
    response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "unavailable", "migrations": "unknown", "layer": "ok"}


async def test_a_process_that_is_about_to_end_is_not_ready(client, monkeypatch):
    monkeypatch.setattr(lifecycle, "is_draining", lambda: True)
    response = await client.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"status": "draining"})
