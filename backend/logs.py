"""Formats log lines: JSON in production, readable text in development. No log call includes bodies or tokens."""

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
    """Shortens the tracebacks of known, expected failures to one line.

    The pub/sub layer logs a traceback every second while Redis is away. Django logs one for every request with a
    foreign host name or with too many fields, so any client could fill the log and raise alarms.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.exc_info:
            return True
        if record.name == "channels_redis.pubsub":
            self._shorten(record, "channel layer", record.exc_info[1])
        elif record.name.startswith("django.security."):
            self._shorten(record, "refused", record.exc_info[1])
        return True

    @staticmethod
    def _shorten(record: logging.LogRecord, what: str, error: BaseException | None) -> None:
        record.msg, record.args = f"{what}: %s", (error,)
        record.exc_info, record.exc_text = None, None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
