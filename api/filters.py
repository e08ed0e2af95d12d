"""The filters of the lists. Names that stand in none of them are refused, see api/rest/parameter_checks.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField

from api.models import Dashboard, Member, Metric, Room
from tidewire.rest.fields import is_storable

FILTERS = [filters.DjangoFilterBackend]
MAX_TEXT = 100
CONTAINS = "contains_ignoring_case"


class StorableTimeFormField(IsoDateTimeField):
    """A time near the ends of the calendar has no equivalent in UTC: it is refused rather than compared."""

    def clean(self, value: Any) -> datetime | None:
        try:
            at = super().clean(value)
            is_good = at is None or is_storable(at)
        except OverflowError:
            at, is_good = None, False
        if not is_good:
            raise ValidationError("Must be a time between the years 1 and 9999.", "out_of_range")
        return at


class After(filters.IsoDateTimeFilter):
    field_class = StorableTimeFormField

    def __init__(self, field_name: str) -> None:
        super().__init__(
            field_name=field_name, lookup_expr="gt", help_text="Only rows created later than this time.", label=""
        )


class Before(filters.IsoDateTimeFilter):
    field_class = StorableTimeFormField

    def __init__(self, field_name: str) -> None:
        super().__init__(
            field_name=field_name, lookup_expr="lt", help_text="Only rows created earlier than this time.", label=""
        )


class RoomFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=Room.Kind.choices, help_text="Only rooms of this kind.")
    name = filters.CharFilter(
        lookup_expr=CONTAINS, max_length=MAX_TEXT, help_text="Only rows whose name contains this text."
    )
    created_after, created_before = After("created_at"), Before("created_at")


class MemberFilter(filters.FilterSet):
    role = filters.ChoiceFilter(choices=Member.Role.choices, help_text="Only members with this role.")
    joined_after, joined_before = After("joined_at"), Before("joined_at")


class MessageFilter(filters.FilterSet):
    author = filters.UUIDFilter(field_name="author_id", help_text="Only messages of this user.")
    reply_to = filters.UUIDFilter(field_name="reply_to_id", help_text="Only answers to this message.")
    created_after, created_before = After("created_at"), Before("created_at")


class DashboardFilter(filters.FilterSet):
    visibility = filters.ChoiceFilter(
        choices=Dashboard.Visibility.choices, help_text="Only dashboards with this visibility."
    )
    name = filters.CharFilter(
        lookup_expr=CONTAINS, max_length=MAX_TEXT, help_text="Only rows whose name contains this text."
    )
    created_after, created_before = After("created_at"), Before("created_at")


class MetricFilter(filters.FilterSet):
    key = filters.CharFilter(max_length=MAX_TEXT, help_text="Only the metric with this key.")
    kind = filters.ChoiceFilter(choices=Metric.Kind.choices, help_text="Only metrics of this kind.")
