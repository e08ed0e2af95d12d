from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    """The product's live side. Its `live.py` is found because it is an installed app; it has no models."""

    name = "realtime"
    verbose_name = "Realtime"
