"""What lists can be narrowed by. Any other name is refused: a filter that is misspelled, and ignored, shows all."""

from __future__ import annotations

from typing import Any

from django_filters import rest_framework as filters
from rest_framework.exceptions import ErrorDetail, ValidationError

from api.models import Dashboard, Member, Metric, Room

FILTERS = [filters.DjangoFilterBackend]
MAX_TEXT = 100


class After(filters.IsoDateTimeFilter):
    def __init__(self, field_name: str) -> None:
        super().__init__(field_name=field_name, lookup_expr="gt", help_text="Later than this time.", label="")


class Before(filters.IsoDateTimeFilter):
    def __init__(self, field_name: str) -> None:
        super().__init__(field_name=field_name, lookup_expr="lt", help_text="Earlier than this time.", label="")


class RoomFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=Room.Kind.choices, help_text="Rooms of this kind.")
    name = filters.CharFilter(lookup_expr="icontains", max_length=MAX_TEXT, help_text="What the name contains.")
    created_after, created_before = After("created_at"), Before("created_at")


class MemberFilter(filters.FilterSet):
    role = filters.ChoiceFilter(choices=Member.Role.choices, help_text="Members with this role.")
    joined_after, joined_before = After("joined_at"), Before("joined_at")


class MessageFilter(filters.FilterSet):
    author = filters.UUIDFilter(field_name="author_id", help_text="Messages of this user.")
    reply_to = filters.UUIDFilter(field_name="reply_to_id", help_text="Answers to this message.")
    created_after, created_before = After("created_at"), Before("created_at")


class DashboardFilter(filters.FilterSet):
    visibility = filters.ChoiceFilter(choices=Dashboard.Visibility.choices, help_text="Dashboards seen by these.")
    name = filters.CharFilter(lookup_expr="icontains", max_length=MAX_TEXT, help_text="What the name contains.")
    created_after, created_before = After("created_at"), Before("created_at")


class MetricFilter(filters.FilterSet):
    key = filters.CharFilter(max_length=MAX_TEXT, help_text="The metric of this key.")
    kind = filters.ChoiceFilter(choices=Metric.Kind.choices, help_text="Metrics of this kind.")


class ParametersMixin:
    """For a viewset: its `filterset_class`, the `orderings` it allows, `?fields=` for what it shows, and nothing else.

    `parameters` names what an action reads besides, as {"list": {"discover"}}.
    """

    filterset_class: type[filters.FilterSet] | None = None
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
