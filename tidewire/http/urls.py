"""Health and measures, outside the API and uncached. Health is unauthenticated, measures are not public."""

from django.urls import path

from tidewire.http import health

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.measured, name="metrics"),
]
