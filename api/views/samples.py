"""Samples of metrics: recorded one by one or in batches, read by range, as they are or summed up in steps."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from api import streams
from api.models import Metric, Series
from api.models.rollups import TooManySamplesError
from api.models.samples import Point, as_text, microseconds
from api.permissions import Action, authorize_metric
from api.rest.views import BaseViewSet
from api.serializers.samples import (
    BucketSerializer,
    PushedSerializer,
    PushSerializer,
    PushToManySerializer,
    SampleSerializer,
)
from api.views.dashboards import OnDashboard
from api.views.metrics import OfMetric
from tidewire.rest.pagination import KeysetPagination
from tidewire.rest.parameters import single
from tidewire.snapshots import position

MAX_ROWS = 1_000
MAX_BUCKETS = 2_000
SAMPLES_PER_ROW = 10
"""Samples, or steps of a range, that cost as much as one row of another table: see `BaseViewSet.charge`."""
DEFAULT_RANGE = timedelta(hours=1)

FROM = OpenApiParameter("from", datetime, description="The beginning of the range; by default an hour before `to`.")
TO = OpenApiParameter("to", datetime, description="The end of the range, not included; by default now.")
STEP = OpenApiParameter(
    "step",
    float,
    description="Seconds. Returns `min`, `max`, `avg`, `last` and `count` of each step, in place of samples. Steps "
    f"begin at multiples of this number. `from` and `to` are widened to whole steps, at most {MAX_BUCKETS}.",
)
LIMIT = OpenApiParameter("limit", int, description=f"Samples per page, at most {MAX_ROWS}; not with `step`.")
_SAMPLE, _BUCKET = SampleSerializer(), BucketSerializer()
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


class Pages(KeysetPagination):
    """For openapi.yaml: a range is paged by `from`."""

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return []


@extend_schema(tags=["samples"])
class SampleViewSet(OfMetric, BaseViewSet):
    resource = "samples"
    pagination_class = Pages
    parameters = {"list": {"from", "to", "step", "limit"}}

    @extend_schema(
        operation_id="samples_list",
        parameters=[FROM, TO, STEP, LIMIT],
        responses=PolymorphicProxySerializer(
            "SampleOrBucket", [SampleSerializer, BucketSerializer], resource_type_field_name=None, many=True
        ),
    )
    def list(self, request: Request, metric_id: UUID) -> Response:
        """The samples of a time range, oldest first."""
        metric = authorize_metric(self.user, metric_id, Action.READ)
        before = position(streams.dashboards(metric.dashboard_id))
        series = Series.objects.filter(metric=metric).first()
        step, (start, end) = self._step(), self._range()
        if step is None:
            page = self._samples(series, start, end)
        else:
            page = self._buckets(series, start - start % step, -(-end // step) * step, step)
        return Response({**page, "previous": None, "stream": before.as_json()})

    @extend_schema(operation_id="samples_create", request=PushSerializer, responses={201: PushedSerializer})
    def create(self, request: Request, metric_id: UUID) -> Response:
        """Push one sample or a batch (members). A sample of the same time that exists already stays."""
        # The membership is not locked, unlike elsewhere: programs that share an account would have to wait for each
        # other. A member who is being removed may therefore add samples until the removal commits.
        metric = authorize_metric(self.user, metric_id, Action.WRITE)
        serializer = PushSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.charge(len(serializer.validated_data) // SAMPLES_PER_ROW)
        return Response({"recorded": record(metric, serializer.validated_data)}, status=201)

    # -- pages -------------------------------------------------------------------------------------------------------

    def _samples(self, series: Series | None, start: int, end: int) -> dict[str, Any]:
        limit = self._limit()
        points = series.points(start, end, limit + 1) if series else []
        next_page = self._from(points[limit].at) if len(points) > limit else None
        return {"next": next_page, "results": [_SAMPLE.to_representation(point) for point in points[:limit]]}

    def _buckets(self, series: Series | None, start: int, end: int, step: int) -> dict[str, Any]:
        if end - start > MAX_BUCKETS * step:
            raise ValidationError({"step": [f"More than {MAX_BUCKETS} steps."]})
        self.charge((end - start) // step // SAMPLES_PER_ROW)
        try:
            buckets = series.buckets(start, end, step) if series else []
        except TooManySamplesError:
            text = "The range has too many samples for this step. Ask for whole minutes, or for a shorter range."
            raise ValidationError({"step": [ErrorDetail(text, "too_many_samples")]}) from None
        return {"next": None, "results": [_BUCKET.to_representation(bucket) for bucket in buckets]}

    def _from(self, at: int) -> str:
        return replace_query_param(self.request.build_absolute_uri(), "from", as_text(at))

    # -- query -------------------------------------------------------------------------------------------------------

    def _range(self) -> tuple[int, int]:
        """Returns the range in microseconds: by default the last hour, up to and including now."""
        end = self._moment("to") or timezone.now() + timedelta(microseconds=1)
        start = self._moment("from") or max(end - DEFAULT_RANGE, datetime.fromtimestamp(0, end.tzinfo))
        if start >= end:
            raise ValidationError({"from": ["Must be before `to`."]})
        return microseconds(start), microseconds(end)

    def _moment(self, name: str) -> datetime | None:
        text = single(self.request, name)
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(text.upper())
            if at.tzinfo is not None and 0 <= microseconds(at) < 2**53:
                return at
        except (ValueError, OverflowError):
            pass
        raise ValidationError({name: ["Must be a time with its zone, such as 2026-01-02T03:04:05Z."]})

    def _step(self) -> int | None:
        text = single(self.request, "step")
        if text is None:
            return None
        step = round(float(text) * 1_000_000) if _NUMBER.fullmatch(text) else 0
        if step < 1:
            raise ValidationError({"step": ["Must be a number of seconds above 0."]})
        return step

    def _limit(self) -> int:
        text = single(self.request, "limit")
        if text is None:
            return MAX_ROWS
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= MAX_ROWS):
            raise ValidationError({"limit": [f"Must be a number from 1 to {MAX_ROWS}."]})
        return int(text)


@extend_schema(tags=["samples"])
class DashboardSampleViewSet(OnDashboard, BaseViewSet):
    resource = "samples"

    @extend_schema(
        operation_id="dashboard_samples_create", request=PushToManySerializer, responses={201: PushedSerializer}
    )
    def create(self, request: Request, dashboard_id: UUID) -> Response:
        """Push samples of several metrics at once, named by their keys (members)."""
        dashboard = self.authorize(Action.WRITE)
        metrics = {metric.key: metric for metric in dashboard.metrics.all()}
        serializer = PushToManySerializer(data=request.data, context={"metrics": metrics})
        serializer.is_valid(raise_exception=True)
        self.charge(sum(map(len, serializer.validated_data.values())) // SAMPLES_PER_ROW)
        # In one order, so that two writers cannot deadlock.
        pushed = sorted(serializer.validated_data.items(), key=lambda item: item[0].pk)
        recorded = sum(record(metric, points) for metric, points in pushed)
        return Response({"recorded": recorded}, status=201)


def record(metric: Metric, points: list[Point]) -> int:
    """Adds samples to a metric and returns how many were new. Raises NotFound when the metric has been deleted."""
    try:
        return len(streams.record_samples(metric, points))
    except Metric.DoesNotExist:
        raise NotFound() from None
