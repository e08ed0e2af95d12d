"""Formats log lines: JSON in production, readable text in development. No log call includes bodies or tokens.

A line of a request has the request's id, and its trace's where there is one; what code binds with
`structlog.contextvars` is added too. Secrets are hidden (hiding.py), also in what libraries log, such as a path.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from backend.hiding import hidden
from tidewire import current_request

# -- what a line says --------------------------------------------------------------------------------------------------

_OF_A_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "status_code"}


def add_request(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Adds the id of the current request, and of its trace."""
    request = current_request()
    if request is not None:
        event.setdefault("request_id", request.id)
        if request.trace_id:
            event.setdefault("trace_id", request.trace_id)
    return event


def add_extra(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Adds what a log call said in `extra`: plain values only. Django passes whole requests, which show their query."""
    record: logging.LogRecord | None = event.get("_record")
    if record is not None:
        for name, value in vars(record).items():
            if name not in _OF_A_RECORD and isinstance(value, str | int | float) and value != "":
                event[name] = value
    return event


def hide_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replaces what is a secret, or looks like one, in all parts of a line."""
    return {name: hidden(value, name) for name, value in event.items()}


_FIRST: list[Any] = [
    structlog.contextvars.merge_contextvars,
    add_request,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
_OF_LOGGING: list[Any] = [*_FIRST[:2], add_extra, *_FIRST[2:]]
_LAST: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, hide_secrets]


def _hand_over_to_logging() -> None:
    """Makes lines of structlog's own loggers lines of `logging`: with its levels and handlers, and without secrets."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_FIRST,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


class _Lines(structlog.stdlib.ProcessorFormatter):
    def __init__(self, renderer: Any) -> None:
        _hand_over_to_logging()
        super().__init__(processors=[*_LAST, renderer], foreign_pre_chain=_OF_LOGGING)


class JsonLines(_Lines):
    def __init__(self) -> None:
        super().__init__(structlog.processors.JSONRenderer())


class ConsoleLines(_Lines):
    def __init__(self) -> None:
        super().__init__(structlog.dev.ConsoleRenderer(colors=False))


# -- which lines there are ---------------------------------------------------------------------------------------------

REFUSAL_SECONDS = 60.0
"""Between two lines about the same kind of refused request."""


class BriefFailures(logging.Filter):
    """Shortens the tracebacks of known, expected failures to one line, and drops lines that any client can cause.

    The pub/sub layer logs a traceback every second while Redis is away. Django logs a warning for every answer from 400
    to 499, and a traceback for every request with a foreign host name or with too many fields. The line of the request
    says the status. Of the second kind, which may be a wrong setting, one line in REFUSAL_SECONDS stays.
    """

    def __init__(self) -> None:
        super().__init__()
        self._refused_at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            if not self._is_due(record.name):
                return False
            if record.exc_info:
                self._shorten(record, "refused", record.exc_info[1])
        elif record.name == "django.request" and 400 <= getattr(record, "status_code", 0) < 500:
            return False
        elif record.name == "channels_redis.pubsub" and record.exc_info:
            self._shorten(record, "channel layer", record.exc_info[1])
        return True

    def _is_due(self, kind: str) -> bool:
        now = time.monotonic()
        if now < self._refused_at.get(kind, 0.0):
            return False
        self._refused_at[kind] = now + REFUSAL_SECONDS
        return True

    @staticmethod
    def _shorten(record: logging.LogRecord, what: str, error: BaseException | None) -> None:
        record.msg, record.args = f"{what}: %s", (error,)
        record.exc_info, record.exc_text = None, None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
