from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    """An installed app, so that the engine finds its `live.py`. It has no models."""

    name = "realtime"
    verbose_name = "Realtime"
