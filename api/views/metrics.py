"""What is measured on a dashboard."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api import streams
from api.filters import FILTERS, MetricFilter
from api.models import Metric
from api.models.conflicts import Conflict
from api.models.metrics import MAX_PER_DASHBOARD
from api.models.thresholds import judge_anew
from api.permissions import Action, metric_for
from api.rest.preconditions import VersionMixin
from api.rest.views import BaseViewSet
from api.serializers.metrics import MetricCreateSerializer, MetricSerializer, MetricUpdateSerializer
from api.views.dashboards import OnDashboard
from tidewire.snapshots import SnapshotMixin


@extend_schema(tags=["metrics"])
@extend_schema_view(
    list=extend_schema(operation_id="metrics_list", description="The metrics of a dashboard, oldest first."),
)
class DashboardMetricViewSet(OnDashboard, VersionMixin, SnapshotMixin, ListModelMixin, BaseViewSet):
    resource = "metrics"
    queryset = Metric.objects.none()  # for the schema: whose filters these are
    filter_backends, filterset_class = FILTERS, MetricFilter
    orderings = ("created_at",)
    serializer_class = MetricSerializer
    order_field = "created_at"
    is_newest_first = False

    def get_stream(self) -> str:
        return streams.dashboards(self.dashboard_for(Action.READ).pk)

    def get_queryset(self) -> QuerySet[Metric]:
        return Metric.objects.filter(dashboard=self.kwargs["dashboard_id"]).whole()

    @extend_schema(
        operation_id="metrics_create",
        request=MetricCreateSerializer,
        responses={201: MetricSerializer, 200: MetricSerializer},
    )
    def create(self, request: Request, dashboard_id: UUID) -> Response:
        """Measure something more (admins). 200 answers a repeated id with the metric that is there already."""
        dashboard = self.dashboard_for(Action.MANAGE_METRICS, lock=True)
        serializer = MetricCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wanted = fields_of(serializer.validated_data)
        metric = self._already_there(wanted)
        status = 200 if metric else 201
        metric = metric or Metric.objects.create(dashboard=dashboard, **({"name": wanted["key"]} | wanted))
        location = reverse("metric", kwargs={"metric_id": metric.pk})
        body = MetricSerializer(self.get_queryset().get(pk=metric.pk)).data
        return Response(body, status=status, headers={"Location": location})

    def _already_there(self, wanted: dict[str, Any]) -> Metric | None:
        here = Metric.objects.filter(dashboard=self.kwargs["dashboard_id"])
        if "id" in wanted and (metric := Metric.objects.filter(pk=wanted["id"]).first()):
            if str(metric.dashboard_id) != str(self.kwargs["dashboard_id"]) or metric.key != wanted["key"]:
                raise Conflict("id_taken", "This id belongs to another metric.")
            return metric
        if here.filter(key=wanted["key"]).exists():
            raise Conflict("key_taken", "The dashboard has a metric of this key.")
        if here.count() >= MAX_PER_DASHBOARD:
            raise Conflict("too_many_metrics", f"A dashboard takes {MAX_PER_DASHBOARD} metrics.")
        return None


class OfMetric:
    """For a viewset below `metrics/{metric_id}/`."""

    def get_binding(self) -> str | None:
        """The metric's dashboard: a key that is confined to it may push."""
        metric = Metric.objects.filter(pk=self.kwargs["metric_id"]).only("dashboard").first()
        return streams.dashboards(metric.dashboard_id) if metric else None


@extend_schema(tags=["metrics"])
@extend_schema_view(retrieve=extend_schema(operation_id="metrics_retrieve", description="A metric."))
class MetricViewSet(OfMetric, VersionMixin, SnapshotMixin, RetrieveModelMixin, BaseViewSet):
    resource = "metrics"
    serializer_class = MetricSerializer

    def get_stream(self) -> str:
        return streams.dashboards(self.metric_for(Action.READ).dashboard_id)

    def get_object(self) -> Metric:
        metric = Metric.objects.whole().filter(pk=self.metric_for(Action.READ).pk).first()
        if metric is None:
            raise NotFound()
        return metric

    def metric_for(self, action: Action, *, lock: bool = False) -> Metric:
        """The metric of this URL, if the caller may do `action`."""
        if lock:
            locked = Metric.objects.select_for_update(no_key=True).filter(pk=self.kwargs["metric_id"])
            locked.values_list("pk").first()
        return metric_for(self.request.user, self.kwargs["metric_id"], action)

    @extend_schema(operation_id="metrics_update", request=MetricUpdateSerializer, responses=MetricSerializer)
    def partial_update(self, request: Request, metric_id: UUID) -> Response:
        """Say better what it is, or what of it is alarming (admins)."""
        metric = self.metric_for(Action.MANAGE_METRICS, lock=True)
        self.check_version(metric)
        serializer = MetricUpdateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        changes = fields_of(serializer.validated_data)
        for name, value in changes.items():
            setattr(metric, name, value)
        if changes:
            metric.save(update_fields=list(changes))
        if {"above", "below"} & changes.keys():
            judge_anew(metric)
        return Response(MetricSerializer(self.get_object()).data)

    @extend_schema(operation_id="metrics_destroy", responses={204: None})
    def destroy(self, request: Request, metric_id: UUID) -> Response:
        """Delete a metric with all its samples (admins)."""
        metric = self.metric_for(Action.MANAGE_METRICS, lock=True)
        self.check_version(metric)
        metric.delete()
        return Response(status=204)


def fields_of(wanted: dict[str, Any]) -> dict[str, Any]:
    """The columns of what a client says of a metric."""
    return {**{name: value for name, value in wanted.items() if name != "thresholds"}, **wanted.get("thresholds", {})}
