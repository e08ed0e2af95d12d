from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class RealtimeConfig(AppConfig):
    """Finds the declarations of all installed apps and connects to the writes of their models."""

    name = "realtime"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Realtime"

    def ready(self) -> None:
        from realtime import checks, receivers, timestamps  # models are loaded only now  # noqa: F401
        from realtime.live import registry

        autodiscover_modules("live")
        for model in registry.models():
            receivers.connect(model)
