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
    """Makes one line of tracebacks that tell nothing: what is known, and expected to happen.

    The pub/sub layer logs one every second while Redis is away, and Django one for every request to a host name that is
    not ours, or with more fields than anybody needs: strangers could fill the log, and page somebody, at will."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.exc_info:
            return True
        if record.name == "channels_redis.pubsub":
            self._shorten(record, "channel layer")
        elif record.name.startswith("django.security."):
            self._shorten(record, "refused")
        return True

    @staticmethod
    def _shorten(record: logging.LogRecord, what: str) -> None:
        record.msg, record.args = f"{what}: %s", (record.exc_info[1],)
        record.exc_info, record.exc_text = None, None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
