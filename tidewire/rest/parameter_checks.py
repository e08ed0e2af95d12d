"""The query parameters that a view accepts. An unknown name is refused: a misspelled filter would show all rows."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from tidewire.rest.pagination import KeysetPagination

MAX_TEXT = 100


class ParametersMixin(GenericViewSet):
    """A viewset that accepts the parameters of its filters, its orderings, `fields`, and no others."""

    filterset_class: Any = None
    """A FilterSet of django-filter."""
    orderings: tuple[str, ...] = ()
    """Columns that `?ordering=` may name."""
    parameters: dict[str, set[str]] = {}
    """Further parameters of an action: `{"list": {"discover"}}`."""

    def check_parameters(self, request: Request) -> None:
        """Raises ValidationError for unknown parameters, and for those that are given twice."""
        errors: dict[str, Any] = {}
        known = self.known_parameters()
        for name, values in request.query_params.lists():
            if name not in known:
                errors[name] = [ErrorDetail("There is no such parameter here.", "unknown")]
            elif len(values) > 1:
                errors[name] = [ErrorDetail("Must be given once.", "invalid")]
        if errors:
            raise ValidationError(errors)
        self.selected_fields()

    def known_parameters(self) -> set[str]:
        known = set(self.parameters.get(self.action, ()))
        if self.action == "list":
            known |= self._list_parameters()
        return known | {"fields"} if self.takes_fields() else known

    def _list_parameters(self) -> set[str]:
        """The parameters of the pages, the filter set, and the filter backends that describe theirs for a schema."""
        known = set(self.filterset_class.base_filters) if self.filterset_class else set()
        if type(self.paginator) is KeysetPagination:
            known |= {"cursor", "around", "limit"} | ({"ordering"} if self.orderings else set())
        elif self.paginator is not None:
            known |= _described(self.paginator, self)
        if not self.filterset_class:
            known = known.union(*(_described(backend(), self) for backend in self.filter_backends))
        return known

    def takes_fields(self) -> bool:
        return self.action in ("list", "retrieve") and self.serializer_class is not None

    def selected_fields(self) -> list[str] | None:
        """Returns the names in `?fields=`, or None for all fields. Raises ValidationError for an unknown name."""
        text = self.request.query_params.get("fields") if self.takes_fields() else None
        if text is None:
            return None
        names, known = text.split(","), getattr(self.get_serializer_class()(), "fields", {})
        if unknown := [name for name in names if name not in known]:
            raise ValidationError({"fields": [ErrorDetail(f"There is no field {unknown[0][:MAX_TEXT]!r}.", "unknown")]})
        return names

    def select(self, data: Any) -> Any:
        """Returns a row, or a page of rows, with the selected fields only."""
        names = self.selected_fields()
        if names is None or not isinstance(data, dict):
            return data
        if self.action == "list":
            return {**data, "results": [_only(row, names) for row in data["results"]]}
        return _only(data, names)


def _only(row: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in names}


def _described(part: Any, view: Any) -> set[str]:
    """The parameters that a filter backend or a paginator of DRF describes."""
    describe = getattr(part, "get_schema_operation_parameters", None)
    return {parameter["name"] for parameter in describe(view)} if describe else set()
