"""Query parameters of one name."""

from __future__ import annotations

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request


def single(request: Request, name: str) -> str | None:
    """Returns the value of a parameter, or None without it. Raises ValidationError for a parameter given twice.

    Of two values, a proxy may have checked the other one.
    """
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise ValidationError({name: ["Must be given once."]})
    return values[0] if values else None


def number(request: Request, name: str, default: int, least: int, most: int) -> int:
    """Returns the whole number of a parameter, or `default` without it. Raises ValidationError outside the bounds."""
    text = single(request, name)
    if text is None:
        return default
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    if not is_number or not least <= int(text) <= most:
        raise ValidationError({name: [f"Must be a number from {least} to {most}."]})
    return int(text)
