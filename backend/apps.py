from django.apps import AppConfig
from django.conf import settings


class BackendConfig(AppConfig):
    """Wiring only: registers the start-up checks, and starts what sends traces and errors to other servers."""

    name = "backend"

    def ready(self) -> None:
        from backend import checks, sentry, tracing  # noqa: F401  checks registers itself

        if settings.TIDEWIRE["TRACING"]:
            tracing.start()
        if settings.SENTRY_DSN:
            sentry.start(settings.SENTRY_DSN)
