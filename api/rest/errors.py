"""The engine's problem documents, and the one error of this product's models that is no problem of the engine."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import AuthenticationFailed
from rest_framework.response import Response

from api.models.users import UserGoneError
from tidewire.rest import errors


def handle_exception(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: returns the answer to an error, or None for a bug, which Django logs and gives to handler500."""
    if isinstance(exc, UserGoneError):
        exc = AuthenticationFailed("The session has ended.", "session_ended")
    return errors.handle_exception(exc, context)
