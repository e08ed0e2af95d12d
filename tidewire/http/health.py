"""The probes: /healthz (is the process alive?), /readyz (should it get traffic?) and /metrics."""

from __future__ import annotations

from channels.db import database_sync_to_async
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache

from tidewire.engine import engines
from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.ground.networks import is_loopback
from tidewire.http import lifecycle
from tidewire.log.database import log_alias

_is_migrated = False


@never_cache
async def alive(request: HttpRequest) -> JsonResponse:
    """Answers 200 as long as the event loop turns. Asks neither the database nor the layer."""
    return JsonResponse({"status": "ok"})


@never_cache
async def ready(request: HttpRequest) -> JsonResponse:
    """Answers 200, or 503 while the process drains, the database is away or migrations are missing.

    A layer that brings nothing ("deaf") is reported but is no reason for a 503: the hub then polls the log.
    """
    if lifecycle.is_draining():
        return JsonResponse({"status": "draining"}, status=503)
    checks = await database_sync_to_async(check_database)()
    checks["layer"] = "deaf" if engines.current().hub.is_deaf else "ok"
    is_ready = checks["database"] == checks["migrations"] == "ok"
    return JsonResponse(
        {"status": "ok" if is_ready else "unavailable", "checks": checks}, status=200 if is_ready else 503
    )


@never_cache
async def exposition(request: HttpRequest) -> HttpResponse:
    """Answers the metrics in Prometheus' text format, to this machine or with METRICS_TOKEN; 404 to others."""
    address = request.META.get("REMOTE_ADDR", "")  # never that of a forwarded request
    if not may_read_metrics(request.headers.get("Authorization", ""), address):
        raise Http404
    return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


def may_read_metrics(authorization: str, address: str) -> bool:
    """Returns whether a request with this Authorization header, from this address, may read the metrics."""
    scheme, _, token = authorization.partition(" ")
    is_bearer = scheme.lower() == "bearer"
    if is_bearer and conf.METRICS_TOKEN and constant_time_compare(token.strip(), conf.METRICS_TOKEN):
        return True
    return is_loopback(address)


def check_database() -> dict[str, str]:
    """Returns {check: "ok" or what is wrong}. Once the migrations were found complete they are not read again."""
    global _is_migrated
    connection = connections[log_alias()]
    try:
        if _is_read_only(connection):
            _discard(connection)
            return {"database": "read-only", "migrations": "unknown"}
        if not _is_migrated:
            executor = MigrationExecutor(connection)
            _is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error:
        return {"database": "unavailable", "migrations": "unknown"}
    return {"database": "ok", "migrations": "ok" if _is_migrated else "missing"}


def _is_read_only(connection: BaseDatabaseWrapper) -> bool:
    """Returns whether the server takes no writes: a failover has made it a standby.

    Raises django.db.Error when it does not answer.
    """
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("SELECT 1")
            return False
        cursor.execute("SELECT current_setting('transaction_read_only')")
        return cursor.fetchone() == ("on",)


def _discard(connection: BaseDatabaseWrapper) -> None:
    """Closes the session, so that a pool does not hand it out again: the next check asks the primary of then."""
    if connection.connection is not None:
        connection.connection.close()
    connection.close()
