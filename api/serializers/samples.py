"""Samples as JSON. They come by the hundred, so plain loops read and write them instead of a serializer each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

from api.models.samples import Bucket, Point, as_text, microseconds

MAX_BATCH = 1_000
AHEAD = timedelta(hours=1)
"""How far a client's clock may be ahead. A sample of next year would stay the latest one for a year."""

NOT_A_TIME = "Must be a time with its zone, such as 2026-01-02T03:04:05Z, since 1970 and not ahead of us."
MAX_VALUE = 1e300
"""Below the largest double by enough that the values of a hundred million samples can be added up to an average."""

NOT_A_NUMBER = f"Must be a number between -{MAX_VALUE:g} and {MAX_VALUE:g}."
NOT_AN_OBJECT = serializers.ValidationError({api_settings.NON_FIELD_ERRORS_KEY: ["Must be an object."]})


class SampleSerializer(serializers.Serializer[Point]):
    """One value and its time."""

    at = serializers.DateTimeField()
    value = serializers.FloatField()

    def to_representation(self, instance: Point) -> dict[str, Any]:
        return {"at": as_text(instance.at), "value": instance.value}


class BucketSerializer(serializers.Serializer[Bucket]):
    """A summary of the samples in one step, which begins at `at`."""

    at = serializers.DateTimeField()
    min = serializers.FloatField()
    max = serializers.FloatField()
    avg = serializers.FloatField()
    last = serializers.FloatField()
    count = serializers.IntegerField()

    def to_representation(self, instance: Bucket) -> dict[str, Any]:
        return {
            "at": as_text(instance.at),
            "min": instance.min,
            "max": instance.max,
            "avg": instance.avg,
            "last": instance.last,
            "count": instance.count,
        }


class RecordedSamplesSerializer(serializers.Serializer[tuple[Any, list[Point]]]):
    """New samples of one metric. They are keyed by (metric, at), so receiving one twice is harmless."""

    metric = serializers.UUIDField()
    samples = SampleSerializer(many=True)

    def to_representation(self, instance: tuple[Any, list[Point]]) -> dict[str, Any]:
        metric_id, points = instance
        return {"metric": str(metric_id), "samples": [{"at": as_text(at), "value": value} for at, value in points]}


class PushSerializer(serializers.Serializer):
    """One sample, or many as `samples`. Without `at`, the time is now."""

    at = serializers.DateTimeField(required=False)
    value = serializers.FloatField(required=False)
    samples = SampleSerializer(many=True, required=False)

    def to_internal_value(self, data: Any) -> list[Point]:
        if not isinstance(data, dict):
            raise NOT_AN_OBJECT
        if "samples" not in data:
            return [_point(data, {})]
        return _points(data["samples"])


class NamedSampleSerializer(SampleSerializer):
    metric = serializers.CharField(help_text="The metric's key.")
    at = serializers.DateTimeField(required=False)


class PushToManySerializer(serializers.Serializer):
    """Samples of several metrics of one dashboard. Without `at`, the time is now."""

    # Its context must hold the metrics by key.

    samples = NamedSampleSerializer(many=True)

    def to_internal_value(self, data: Any) -> dict[Any, list[Point]]:
        if not isinstance(data, dict):
            raise NOT_AN_OBJECT
        if "samples" not in data:
            raise _wrong("samples", "This field is required.", "required")
        samples = _batch(data["samples"], lambda sample: (self._metric(sample), _point(sample, {})))
        found: dict[Any, list[Point]] = {}
        for metric, point in samples:
            found.setdefault(metric, []).append(point)
        return found

    def _metric(self, sample: Any) -> Any:
        key = sample.get("metric") if isinstance(sample, dict) else None
        metric = self.context["metrics"].get(key) if isinstance(key, str) else None
        if metric is None:
            raise _wrong("metric", "There is no such metric on this dashboard.", "does_not_exist")
        return metric


class PushedSerializer(serializers.Serializer):
    recorded = serializers.IntegerField(help_text="The number of new samples.")


def _points(samples: Any) -> list[Point]:
    return _batch(samples, lambda sample: _point(sample, {"at": None}))


def _batch(samples: Any, read: Callable[[Any], Any]) -> list[Any]:
    """Reads each sample. Raises one ValidationError that has all mistakes."""
    if not isinstance(samples, list) or not 1 <= len(samples) <= MAX_BATCH:
        raise _wrong("samples", f"Must be a list of 1 to {MAX_BATCH} samples.", "invalid")
    found, errors = [], {}
    for index, sample in enumerate(samples):
        try:
            found.append(read(sample))
        except serializers.ValidationError as error:
            errors[str(index)] = error.detail
    if errors:
        raise serializers.ValidationError({"samples": errors})
    return found


def _point(sample: Any, required: dict[str, None]) -> Point:
    if not isinstance(sample, dict):
        raise NOT_AN_OBJECT
    if missing := [name for name in (*required, "value") if name not in sample]:
        raise _wrong(missing[0], "This field is required.", "required")
    return Point(_time(sample["at"]) if "at" in sample else microseconds(timezone.now()), _number(sample["value"]))


def _time(text: Any) -> int:
    try:
        at = datetime.fromisoformat(text.upper())  # RFC 3339 has `t` and `z`, too
        if at.tzinfo is None:
            raise ValueError
        micros = microseconds(at)
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise _wrong("at", NOT_A_TIME, "invalid") from None
    if not 0 <= micros <= microseconds(datetime.now(UTC) + AHEAD):
        raise _wrong("at", NOT_A_TIME, "invalid")
    return micros


def _number(value: Any) -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, int | float) or not -MAX_VALUE <= value <= MAX_VALUE:
            raise ValueError  # NaN is not between them either
        return float(value)
    except (ValueError, OverflowError):
        raise _wrong("value", NOT_A_NUMBER, "invalid") from None


def _wrong(field: str, text: str, code: str) -> serializers.ValidationError:
    return serializers.ValidationError({field: [ErrorDetail(text, code)]})
