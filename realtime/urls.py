"""Health, outside the API: unauthenticated and uncached."""

from django.urls import path

from realtime import views

urlpatterns = [
    path("healthz", views.alive, name="healthz"),
    path("readyz", views.ready, name="readyz"),
]
