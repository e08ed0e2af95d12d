"""Routes of the probes. They need no login; /metrics answers this machine only, or a token."""

from django.urls import path

from tidewire.http import health

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.exposition, name="metrics"),
]
