"""Sends errors to Sentry, by its ordinary SDK: without bodies, credentials and local variables."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from backend.hiding import hidden
from tidewire import current_request


def start(dsn: str) -> None:
    """Sets up the SDK, which also reads its own variables (SENTRY_ENVIRONMENT, SENTRY_RELEASE).

    Raises ImproperlyConfigured without the package, and for a DSN that is none.
    """
    try:
        import sentry_sdk  # optional
        from sentry_sdk.utils import BadDsn, Dsn
    except ImportError as error:
        raise ImproperlyConfigured("SENTRY_DSN needs the packages of requirements/observability.txt") from error
    try:
        Dsn(dsn)
    except (BadDsn, ValueError):
        raise ImproperlyConfigured("SENTRY_DSN is no DSN such as https://key@o0.ingest.sentry.io/1.") from None
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        before_send=prepared,
        before_breadcrumb=lambda breadcrumb, hint: hidden(breadcrumb),
    )


def prepared(event: Any, hint: dict[str, Any]) -> Any:
    """Names the request and its trace in an event, by which its log lines are found, and hides what looks like a
    token. The query of a request is left out: clients put tokens there."""
    request = current_request()
    if request is not None:
        tags = event.setdefault("tags", {})
        tags["request_id"] = request.id
        if request.trace_id:
            tags["trace_id"] = request.trace_id
        if request.user:
            event["user"] = {"id": request.user}
    for name in ("query_string", "cookies"):
        event.get("request", {}).pop(name, None)
    return hidden(event)
