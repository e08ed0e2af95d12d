from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"

    def ready(self) -> None:
        from api import schema  # drf-spectacular knows an extension once it is imported  # noqa: F401
