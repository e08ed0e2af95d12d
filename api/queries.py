"""Query parameters, which are said once or not at all."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError


def single(request: Any, name: str) -> str | None:
    """The parameter's one value. Of two, nobody knows which one a proxy or a log has seen."""
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise ValidationError({name: ["Must be given once."]})
    return values[0] if values else None


def number(request: Any, name: str, default: int, least: int, most: int) -> int:
    """A whole number within bounds."""
    text = single(request, name)
    if text is None:
        return default
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    if not is_number or not least <= int(text) <= most:
        raise ValidationError({name: [f"Must be a number from {least} to {most}."]})
    return int(text)
