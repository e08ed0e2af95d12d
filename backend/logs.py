"""Log lines: JSON in production, readable while trying out. Bodies and tokens never reach them."""

import logging

import structlog

_SHARED = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
_UNMARK = structlog.stdlib.ProcessorFormatter.remove_processors_meta


class JsonLines(structlog.stdlib.ProcessorFormatter):
    def __init__(self) -> None:
        super().__init__(processors=[_UNMARK, structlog.processors.JSONRenderer()], foreign_pre_chain=_SHARED)


class ConsoleLines(structlog.stdlib.ProcessorFormatter):
    def __init__(self) -> None:
        super().__init__(processors=[_UNMARK, structlog.dev.ConsoleRenderer(colors=False)], foreign_pre_chain=_SHARED)


class BriefFailures(logging.Filter):
    """The pub/sub layer logs a traceback every second while Redis is away. That state is known, counted and healed: one
    line says it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "channels_redis.pubsub" and record.exc_info:
            record.msg, record.args = "channel layer: %s", (record.exc_info[1],)
            record.exc_info, record.exc_text = None, None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
