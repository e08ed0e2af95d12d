from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class TidewireConfig(AppConfig):
    """Connects the packages of the engine, finds the declarations of all installed apps, and notes their writes."""

    name = "tidewire"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Tidewire"

    def ready(self) -> None:
        # Models are loaded only now.
        from tidewire.capture import capturing, raw_writes
        from tidewire.centrifugo import chores as edge_chores  # noqa: F401  declares them
        from tidewire.centrifugo import message_writer
        from tidewire.checks import (  # noqa: F401  they register themselves
            bounds,
            database,
            declarations,
            edge,
            intents,
            lists,
            redis_servers,
            settings,
        )
        from tidewire.engine import (
            chores,  # noqa: F401  declares the engine's own
            signing_in,
            worker_gauges,
        )
        from tidewire.ground import actors, tracing
        from tidewire.ground.conf import conf
        from tidewire.jobs import table_sizes  # noqa: F401  declares a measure
        from tidewire.layer import publishing
        from tidewire.log import database as log_database
        from tidewire.log import event_log, revocations
        from tidewire.queries import session_settings  # noqa: F401  asks each session for its settings
        from tidewire.search import installing
        from tidewire.transactions import commit
        from tidewire.webhooks import chores as webhook_chores  # noqa: F401  declares them
        from tidewire.webhooks import erasure as webhook_erasure  # noqa: F401  has copies erased
        from tidewire.webhooks import lag  # noqa: F401  declares a measure

        commit.register(event_log.record, [revocations.remember_committed, publishing.publish], log_database.holds_log)
        actors.reset_at_requests()
        signing_in.end_with_logout()
        worker_gauges.register()
        if conf.TRACING:
            tracing.start()
        autodiscover_modules("live")
        capturing.start()
        raw_writes.warn_with_debug()
        installing.connect(self)
        message_writer.start()
