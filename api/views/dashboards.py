"""Dashboards, and who is on them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api import streams
from api.filters import FILTERS, DashboardFilter
from api.models import Dashboard, DashboardMember, Member
from api.models.conflicts import Conflict
from api.permissions import Action, dashboard_for, dashboards_of, require, visible_dashboards
from api.rest.parameters import single
from api.rest.preconditions import VersionMixin
from api.rest.views import BaseViewSet
from api.serializers.dashboards import (
    DashboardCreateSerializer,
    DashboardUpdateSerializer,
    MyDashboardSerializer,
    WholeDashboardSerializer,
)
from api.views.memberships import MembershipViewSet, described
from tidewire.snapshots import SnapshotMixin

DISCOVER = OpenApiParameter("discover", bool, description="All public dashboards, instead of the caller's own.")


class OnDashboard:
    """For a viewset below `dashboards/{dashboard_id}/`."""

    def get_binding(self) -> str | None:
        return streams.dashboards(self.kwargs["dashboard_id"]) if "dashboard_id" in self.kwargs else None

    def dashboard_for(self, action: Action, *, lock: bool = False) -> Dashboard:
        """The dashboard of this URL, if the caller may do `action`. `lock` is for whoever counts or compares what
        belongs to it; it is taken first, so that what is read afterwards is what its previous holder has left."""
        dashboard_id = self.kwargs["dashboard_id"]
        if lock:
            locked = Dashboard.objects.select_for_update(no_key=True).filter(pk=dashboard_id)
            locked.values_list("pk").first()
        return dashboard_for(self.request.user, dashboard_id, action)


@extend_schema_view(
    list=extend_schema(
        operation_id="dashboards_list", parameters=[DISCOVER], description="The caller's dashboards, newest first."
    ),
)
class DashboardViewSet(OnDashboard, VersionMixin, SnapshotMixin, ListModelMixin, RetrieveModelMixin, BaseViewSet):
    resource = "dashboards"
    queryset = Dashboard.objects.none()  # for the schema: whose filters these are
    filter_backends, filterset_class = FILTERS, DashboardFilter
    orderings = ("created_at", "updated_at")
    parameters = {"list": {"discover"}}
    serializer_class = MyDashboardSerializer
    order_field = "created_at"
    is_newest_first = True

    def get_serializer_class(self) -> type:
        return WholeDashboardSerializer if self.action == "retrieve" else MyDashboardSerializer

    def get_stream(self) -> str | None:
        """The caller's own stream promises the set of their dashboards; nothing promises the set of all public ones."""
        if "dashboard_id" in self.kwargs:
            return streams.dashboards(self.dashboard_for(Action.READ).pk)
        return None if self._is_discovering() else streams.users(self.request.user.pk)

    def get_queryset(self) -> QuerySet[Dashboard]:
        mine = self.request.user.pk
        if self._is_discovering():
            return visible_dashboards(mine).filter(visibility=Dashboard.Visibility.PUBLIC)
        return dashboards_of(mine)

    def get_object(self) -> Dashboard:
        dashboard = self.dashboard_for(Action.READ)
        dashboard.whole_metrics = dashboard.metrics.whole().order_by("created_at", "id")
        return dashboard

    @extend_schema(operation_id="dashboards_retrieve", responses=WholeDashboardSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A dashboard with all its metrics and their latest samples."""
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(
        operation_id="dashboards_create",
        request=DashboardCreateSerializer,
        responses={201: MyDashboardSerializer, 200: MyDashboardSerializer},
    )
    def create(self, request: Request) -> Response:
        """Make a dashboard. 200 answers a repeated id with the dashboard that is there already."""
        serializer = DashboardCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wanted = serializer.validated_data
        dashboard = self._already_there(wanted.get("id"))
        status = 200 if dashboard else 201
        dashboard = dashboard or self._make(wanted)
        location = reverse("dashboard", kwargs={"dashboard_id": dashboard.pk})
        return Response(MyDashboardSerializer(dashboard).data, status=status, headers={"Location": location})

    @extend_schema(operation_id="dashboards_update", request=DashboardUpdateSerializer, responses=MyDashboardSerializer)
    def partial_update(self, request: Request, dashboard_id: UUID) -> Response:
        """Rename a dashboard (admins), or open and close it to the public (owners)."""
        dashboard = self.dashboard_for(Action.RENAME, lock=True)
        self.check_version(dashboard)
        serializer = DashboardUpdateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        changes = serializer.validated_data
        if changes.get("visibility", dashboard.visibility) != dashboard.visibility:
            require(Action.CHANGE_KIND, dashboard.my_role)
        for name, value in changes.items():
            setattr(dashboard, name, value)
        if changes:
            dashboard.save(update_fields=[*changes, "updated_at"])
        return Response(MyDashboardSerializer(self.dashboard_for(Action.READ)).data)

    @extend_schema(operation_id="dashboards_destroy", responses={204: None})
    def destroy(self, request: Request, dashboard_id: UUID) -> Response:
        """Delete a dashboard with all that was measured (owners)."""
        dashboard = self.dashboard_for(Action.DELETE, lock=True)
        self.check_version(dashboard)
        dashboard.delete()
        return Response(status=204)

    def _is_discovering(self) -> bool:
        answers = {None: False, "true": True, "false": False}
        text = single(self.request, "discover")
        if text not in answers:
            raise ValidationError({"discover": ["Must be true or false."]})
        return answers[text]

    def _already_there(self, id: UUID | None) -> Dashboard | None:
        if id is None or not Dashboard.objects.filter(pk=id).exists():
            return None
        dashboard = dashboards_of(self.request.user.pk).filter(pk=id, my_role=Member.Role.OWNER).first()
        if dashboard is None:
            raise Conflict("id_taken", "This id belongs to another dashboard.")
        return dashboard

    def _make(self, wanted: dict[str, Any]) -> Dashboard:
        dashboard = Dashboard.objects.create(**wanted)
        DashboardMember.objects.create(dashboard=dashboard, user=self.request.user, role=Member.Role.OWNER)
        dashboard.my_role = Member.Role.OWNER
        return dashboard


@described("dashboard_members", "Who is on a dashboard, as they joined.")
class DashboardMemberViewSet(OnDashboard, MembershipViewSet):
    resource = "dashboards"
    queryset = DashboardMember.objects.none()  # for the schema: whose filters these are
    kind, route = "dashboard", "dashboard-member"

    def place(self, action: Action, *, lock: bool = False) -> Dashboard:
        return self.dashboard_for(action, lock=lock)

    def get_stream(self) -> str:
        return streams.dashboards(self.place(Action.READ).pk)
