from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "bench.textbook.chat"
    label = "chat"

    def ready(self) -> None:
        from bench.textbook.chat import signals  # noqa: F401  connects the receivers
