from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"

    def ready(self) -> None:
        # Connects signals, and registers what drf-spectacular knows once it is imported.
        from api.auth import key_bindings  # noqa: F401
        from api.schema import operations  # noqa: F401
