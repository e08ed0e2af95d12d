from django.apps import AppConfig


class BackendConfig(AppConfig):
    """Wiring only: registers the start-up checks."""

    name = "backend"

    def ready(self) -> None:
        from backend import checks  # noqa: F401  registers itself
