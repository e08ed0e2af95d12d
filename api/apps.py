from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"

    def ready(self) -> None:
        from api import homes, schema  # signals, and what drf-spectacular knows once it is imported  # noqa: F401
