"""Metrics as JSON, and the bodies that create and change them."""

from __future__ import annotations

import math
import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.models import Metric
from api.models.samples import Point
from api.serializers.samples import SampleSerializer
from tidewire.rest.fields import ClientIDField, NameField, TextField
from tidewire.rest.serializers import RowSerializer

KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")
MAX_RETENTION_DAYS = 3650


class NumberField(serializers.FloatField):
    """DRF's FloatField converts texts and booleans to numbers, and accepts infinity."""

    default_error_messages = {"invalid": "Must be a finite number."}

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        try:
            value = float(data)
        except OverflowError:
            self.fail("invalid")
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class DaysField(serializers.IntegerField):
    """DRF's IntegerField converts texts to numbers."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class ThresholdsSerializer(serializers.Serializer):
    """A value above `above` or below `below` raises an alarm; null disables a threshold."""

    above = NumberField(allow_null=True, default=None)
    below = NumberField(allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        above, below = attrs["above"], attrs["below"]
        if above is not None and below is not None and below > above:
            raise serializers.ValidationError({"below": "Everything would be alarming."}, "invalid")
        return attrs


class MetricSerializer(RowSerializer[Metric]):
    """A metric with its latest sample."""

    # Its rows must come from `Metric.objects.whole()`.

    dashboard = serializers.UUIDField(source="dashboard_id", read_only=True)
    thresholds = ThresholdsSerializer(source="*", read_only=True)
    latest = serializers.SerializerMethodField()
    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = Metric
        fields = read_only_fields = [
            *("id", "dashboard", "key", "name", "kind", "unit", "description", "thresholds", "state"),
            *("retention_days", "latest", "version", "created_at"),
        ]

    @extend_schema_field(SampleSerializer(allow_null=True))
    def get_latest(self, metric: Metric) -> dict[str, Any] | None:
        if metric.latest_at is None or metric.latest_value is None:
            return None
        return SampleSerializer(Point(metric.latest_at, metric.latest_value)).data


class MetricUpdateSerializer(serializers.Serializer):
    """The key and the kind cannot be changed later."""

    name = NameField(max_length=100, required=False)
    unit = TextField(max_length=16, allow_blank=True, required=False)
    description = TextField(max_length=500, allow_blank=True, required=False)
    thresholds = ThresholdsSerializer(required=False)
    retention_days = DaysField(min_value=1, max_value=MAX_RETENTION_DAYS, required=False)


class MetricCreateSerializer(MetricUpdateSerializer):
    id = ClientIDField(required=False)
    key = TextField(max_length=64, help_text="Letters and digits, and after the first character also _ . : -")
    kind = serializers.ChoiceField(Metric.Kind.choices, default=Metric.Kind.GAUGE)

    def validate_key(self, value: str) -> str:
        if not KEY.fullmatch(value):
            raise serializers.ValidationError("Must be letters, digits, and _ . : - behind the first.", "invalid")
        return value


class MetricKeySerializer(serializers.Serializer):
    """The key of a deleted metric."""

    id = serializers.UUIDField()
