"""Health and measures, outside the API and uncached. Health is unauthenticated, measures are not public."""

from django.urls import path

from realtime import views

urlpatterns = [
    path("healthz", views.alive, name="healthz"),
    path("readyz", views.ready, name="readyz"),
    path("metrics", views.measured, name="metrics"),
]
