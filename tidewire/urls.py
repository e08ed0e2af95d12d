"""Public: `include("tidewire.urls")` serves `/healthz`, `/readyz` and `/metrics`."""

from tidewire.http.urls import urlpatterns

__all__ = ["urlpatterns"]
