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
