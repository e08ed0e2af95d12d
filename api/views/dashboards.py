"""Dashboards."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from api import streams
from api.filters import DashboardFilter
from api.models import Dashboard, DashboardMember, Metric
from api.models.metrics import MetricQuerySet
from api.serializers.dashboards import (
    DashboardCreateSerializer,
    DashboardUpdateSerializer,
    MyDashboardSerializer,
    WholeDashboardSerializer,
)
from api.serializers.metrics import MetricSerializer
from api.views.shared import SharedResourceMixin, SharedViewSet, discover_parameter
from tidewire import PreparedRows
from tidewire.rest.posts import find_posted, posted
from tidewire.rest.prepared_pages import PreparedPages


def metrics_of(dashboard_id: UUID) -> MetricQuerySet:
    """The metrics of a dashboard, with their latest samples."""
    return Metric.objects.filter(dashboard=dashboard_id).whole()


METRICS = PreparedRows(lambda dashboard_id: metrics_of(dashboard_id).order_by("created_at", "id"), MetricSerializer)


class OnDashboard(SharedResourceMixin[Dashboard]):
    """For a viewset at or below `dashboards/{dashboard_id}/`."""

    shared_model, stream_kind, id_parameter = Dashboard, streams.dashboards, "dashboard_id"


@extend_schema_view(
    list=extend_schema(
        operation_id="dashboards_list",
        parameters=[discover_parameter("All public dashboards, instead of your own.")],
        description="Your dashboards, newest first.",
    ),
    partial_update=extend_schema(
        operation_id="dashboards_update",
        request=DashboardUpdateSerializer,
        responses=MyDashboardSerializer,
        description="Rename a dashboard (admins), or change its visibility (owners).",
    ),
    destroy=extend_schema(
        operation_id="dashboards_destroy", description="Delete a dashboard with its metrics and samples (owners)."
    ),
)
class DashboardViewSet(OnDashboard, SharedViewSet[Dashboard]):
    resource = "dashboards"
    queryset = Dashboard.objects.none()  # tells openapi.yaml the model of the filters
    filterset_class = DashboardFilter
    serializer_class = MyDashboardSerializer
    update_serializer_class, visibility_field = DashboardUpdateSerializer, "visibility"
    pages = PreparedPages(lambda user_id: Dashboard.objects.joined_by(user_id), MyDashboardSerializer)
    row = PreparedRows(lambda user_id, id: Dashboard.objects.readable_by(user_id).filter(pk=id), MyDashboardSerializer)

    def row_parameters(self) -> tuple[UUID, UUID]:
        return self.user.pk, self.shared_id

    @extend_schema(operation_id="dashboards_retrieve", responses=WholeDashboardSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A dashboard with all its metrics and their latest samples."""
        response = super().retrieve(request, *args, **kwargs)
        response.data["metrics"] = METRICS.all(DEFAULT_DB_ALIAS, self.shared_id).data
        return response

    @extend_schema(
        operation_id="dashboards_create",
        request=DashboardCreateSerializer,
        responses={201: MyDashboardSerializer, 200: MyDashboardSerializer},
    )
    def create(self, request: Request) -> Response:
        """Create a dashboard. A repeated id is answered with 200 and the existing dashboard."""
        content = self.validated(DashboardCreateSerializer)
        owned = Dashboard.objects.joined_by(self.user.pk).filter(my_role=DashboardMember.Role.OWNER)
        known = find_posted(content.get("id"), lambda: owned, "dashboard")
        dashboard = known or Dashboard.objects.create_for(self.user.pk, **content)
        location = reverse("dashboard", kwargs={"dashboard_id": dashboard.pk})
        return posted(MyDashboardSerializer(dashboard).data, location, is_new=known is None)
