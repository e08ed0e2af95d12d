"""Metrics of a dashboard."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from api import streams
from api.filters import FILTERS, MetricFilter
from api.models import Metric
from api.permissions import Action, authorize_metric
from api.rest.views import BaseViewSet
from api.serializers.metrics import MetricCreateSerializer, MetricSerializer, MetricUpdateSerializer
from api.views.dashboards import OnDashboard, metrics_of
from tidewire import PreparedRows
from tidewire.rest.conflicts import Conflict
from tidewire.rest.posts import posted
from tidewire.rest.preconditions import VersionMixin
from tidewire.rest.prepared_pages import PreparedPages
from tidewire.rest.reads import PreparedListMixin, PreparedRetrieveMixin
from tidewire.snapshots import SnapshotMixin


@extend_schema(tags=["metrics"])
@extend_schema_view(
    list=extend_schema(operation_id="metrics_list", description="The metrics of a dashboard, oldest first."),
)
class DashboardMetricViewSet(OnDashboard, VersionMixin, SnapshotMixin, PreparedListMixin, BaseViewSet):
    resource = "metrics"
    queryset = Metric.objects.none()  # tells openapi.yaml the model of the filters
    filter_backends, filterset_class = FILTERS, MetricFilter
    orderings = ("created_at",)
    serializer_class = MetricSerializer
    order_field = "created_at"
    is_newest_first = False
    pages = PreparedPages(metrics_of, MetricSerializer)

    def page_parameters(self) -> tuple[UUID]:
        return (self.shared_id,)

    def get_stream(self) -> str:
        return self.stream_kind(self.authorize(Action.READ).pk)

    def get_queryset(self) -> QuerySet[Metric]:
        return metrics_of(self.shared_id)

    @extend_schema(
        operation_id="metrics_create",
        request=MetricCreateSerializer,
        responses={201: MetricSerializer, 200: MetricSerializer},
    )
    def create(self, request: Request, dashboard_id: UUID) -> Response:
        """Create a metric (admins). A repeated id is answered with 200 and the existing metric."""
        dashboard = self.authorize(Action.MANAGE_METRICS, lock=True)
        fields = columns_of(self.validated(MetricCreateSerializer))
        known = self._find(fields)
        metric = known or dashboard.add_metric(**fields)
        location = reverse("metric", kwargs={"metric_id": metric.pk})
        return posted(MetricSerializer(self.get_queryset().get(pk=metric.pk)).data, location, is_new=known is None)

    def _find(self, fields: dict[str, Any]) -> Metric | None:
        """The metric that an earlier POST with this id created here, with the same key. Raises Conflict."""
        metric = Metric.objects.filter(pk=fields["id"]).first() if "id" in fields else None
        if metric and (metric.dashboard_id != self.shared_id or metric.key != fields["key"]):
            raise Conflict("id_taken", "This id belongs to another metric.")
        return metric


class OfMetric(BaseViewSet):
    """For a viewset below `metrics/{metric_id}/`."""

    def get_binding(self) -> str | None:
        """The stream of the metric's dashboard: a key that is bound to it may record samples."""
        metric = Metric.objects.filter(pk=self.kwargs["metric_id"]).only("dashboard").first()
        return streams.dashboards(metric.dashboard_id) if metric else None


@extend_schema(tags=["metrics"])
@extend_schema_view(retrieve=extend_schema(operation_id="metrics_retrieve", description="A metric."))
class MetricViewSet(OfMetric, VersionMixin, SnapshotMixin, PreparedRetrieveMixin, BaseViewSet):
    resource = "metrics"
    serializer_class = MetricSerializer
    row = PreparedRows(lambda id: Metric.objects.whole().filter(pk=id), MetricSerializer)

    def row_parameters(self) -> tuple[UUID]:
        return (self.kwargs["metric_id"],)

    def get_stream(self) -> str:
        return streams.dashboards(self.authorize(Action.READ).dashboard_id)

    def get_object(self) -> Metric:
        metric = Metric.objects.whole().filter(pk=self.authorize(Action.READ).pk).first()
        if metric is None:
            raise NotFound()
        return metric

    def authorize(self, action: Action, *, lock: bool = False) -> Metric:
        """Returns the metric of this URL, if the caller may do `action` with its dashboard."""
        return authorize_metric(self.user, self.kwargs["metric_id"], action, lock=lock)

    @extend_schema(operation_id="metrics_update", request=MetricUpdateSerializer, responses=MetricSerializer)
    def partial_update(self, request: Request, metric_id: UUID) -> Response:
        """Change a metric's name, description, unit or thresholds (admins)."""
        metric = self.authorize(Action.MANAGE_METRICS, lock=True)
        self.check_version(metric)
        metric.change(**columns_of(self.validated(MetricUpdateSerializer)))
        return Response(MetricSerializer(self.get_object()).data)

    @extend_schema(operation_id="metrics_destroy", responses={204: None})
    def destroy(self, request: Request, metric_id: UUID) -> Response:
        """Delete a metric with all its samples (admins)."""
        metric = self.authorize(Action.MANAGE_METRICS, lock=True)
        self.check_version(metric)
        metric.delete()
        return Response(status=204)


def columns_of(content: dict[str, Any]) -> dict[str, Any]:
    """Returns a validated body as columns of a metric: the thresholds are two of them."""
    columns = {name: value for name, value in content.items() if name != "thresholds"}
    return columns | content.get("thresholds", {})
