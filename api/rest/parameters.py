"""Query parameters: each is given at most once, and an unknown name is refused.

A misspelled filter that was ignored would show all rows.
"""

from __future__ import annotations

from typing import Any

from django_filters.rest_framework import FilterSet
from rest_framework.exceptions import ErrorDetail, ValidationError

MAX_TEXT = 100


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


class ParametersMixin:
    """For a viewset: its `filterset_class`, the `orderings` it allows, `?fields=` for what it shows, and nothing else.

    `parameters` names what an action reads besides, as {"list": {"discover"}}.
    """

    filterset_class: type[FilterSet] | None = None
    orderings: tuple[str, ...] = ()
    parameters: dict[str, set[str]] = {}

    def check_parameters(self, request: Any) -> None:
        """Raises ValidationError for what is not known here, and for what is said twice."""
        errors = {}
        known = self.known_parameters()
        for name, values in request.query_params.lists():
            if name not in known:
                errors[name] = [ErrorDetail("There is no such parameter here.", "unknown")]
            elif len(values) > 1:
                errors[name] = [ErrorDetail("Must be given once.", "invalid")]
        if errors:
            raise ValidationError(errors)
        self.shown_fields()

    def known_parameters(self) -> set[str]:
        known = set(self.parameters.get(self.action, ()))
        if self.action == "list":
            known |= {"cursor", "limit"} | ({"ordering"} if self.orderings else set())
            known |= set(self.filterset_class.base_filters) if self.filterset_class else set()
        return known | {"fields"} if self.is_selecting() else known

    def is_selecting(self) -> bool:
        return self.action in ("list", "retrieve") and self.serializer_class is not None

    def shown_fields(self) -> list[str] | None:
        """What `?fields=` asks for; None for everything."""
        text = self.request.query_params.get("fields") if self.is_selecting() else None
        if text is None:
            return None
        names, there = text.split(","), self.get_serializer_class()().fields
        if strange := [name for name in names if name not in there]:
            errors = [ErrorDetail(f"There is no field {name[:MAX_TEXT]!r}.", "unknown") for name in strange[:1]]
            raise ValidationError({"fields": errors})
        return names

    def select(self, data: Any) -> Any:
        """A row, or a page of rows, with the fields that were asked for."""
        names = self.shown_fields()
        if names is None or not isinstance(data, dict):
            return data
        if self.action == "list":
            return {**data, "results": [_with(row, names) for row in data["results"]]}
        return _with(data, names)


def _with(row: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in names}
