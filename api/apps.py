from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"

    def ready(self) -> None:
        # Connects signals, and registers what drf-spectacular knows once it is imported. The path converter "id" must
        # be known before any URLs are read: those of sockets and of RESOURCES come before api/urls.py.
        from api import chores  # noqa: F401  declares them
        from api.auth import key_bindings  # noqa: F401
        from api.models import names
        from api.schema import operations  # noqa: F401
        from tidewire.rest import converters  # noqa: F401

        names.connect()
