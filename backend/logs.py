"""Formats log lines: JSON in production, readable text in development. No log call includes bodies or tokens.

A line of a request has the request's id, and its trace's where there is one; what code binds with
`structlog.contextvars` is added too. What looks like a token, in a path that a library logs for example, is replaced.
"""

from __future__ import annotations

import logging
import re
import time
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from tidewire import current_request

# -- what a line says --------------------------------------------------------------------------------------------------

TOKENS = re.compile(
    r"eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]+){1,4}"  # JSON Web Tokens, and pieces of them
    r"|tw_[a-z]+_[0-9A-Za-z]{16,}(?:_[0-9A-Za-z]*)?"  # API keys
    r"|(?i:bearer)(?:\s|%20|\+)+[^\s\"',;&]+|Basic [A-Za-z0-9+/]{8,}=*"
)
DETAIL = re.compile(r"(?m)^(DETAIL|CONTEXT|Failing row).*$")
"""Lines of PostgreSQL's errors that repeat the values of a row."""
HIDDEN = "[hidden]"

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
    """Replaces what looks like a token, or like the values of a row, in all texts of a line."""
    for name, value in event.items():
        if isinstance(value, str) and not name.startswith("_"):
            event[name] = without_secrets(value)
    return event


def without_secrets(text: str) -> str:
    return DETAIL.sub(rf"\1 {HIDDEN}", TOKENS.sub(HIDDEN, text))


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    add_request,
    add_extra,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    hide_secrets,
]
_UNMARK = structlog.stdlib.ProcessorFormatter.remove_processors_meta


class JsonLines(structlog.stdlib.ProcessorFormatter):
    def __init__(self) -> None:
        super().__init__(processors=[_UNMARK, structlog.processors.JSONRenderer()], foreign_pre_chain=_SHARED)


class ConsoleLines(structlog.stdlib.ProcessorFormatter):
    def __init__(self) -> None:
        super().__init__(processors=[_UNMARK, structlog.dev.ConsoleRenderer(colors=False)], foreign_pre_chain=_SHARED)


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
