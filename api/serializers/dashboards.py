"""Dashboards as JSON, and the bodies that create and change them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from rest_framework import serializers

from api.models import Dashboard, DashboardMember, Member
from api.serializers.metrics import MetricSerializer
from tidewire.rest.fields import ClientIDField, NameField
from tidewire.rest.serializers import RowSerializer, column

NAME_LENGTH = column(Dashboard, "name").max_length


class DashboardSerializer(RowSerializer[Dashboard]):
    """A dashboard, the same for every reader."""

    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = Dashboard
        fields = read_only_fields = ["id", "name", "visibility", "version", "created_at", "updated_at"]


class MeInDashboardSerializer(serializers.Serializer[Dashboard]):
    """Values that depend on the reader. Never part of an event."""

    role = serializers.ChoiceField(Member.Role.choices, source="my_role", allow_null=True, read_only=True)


class MyDashboardSerializer(DashboardSerializer):
    """A dashboard in REST, with values that depend on the reader."""

    me = MeInDashboardSerializer(source="*", read_only=True)

    class Meta(DashboardSerializer.Meta):
        fields = read_only_fields = [*DashboardSerializer.Meta.fields, "me"]


class WholeDashboardSerializer(MyDashboardSerializer):
    """A dashboard with all its metrics and their latest samples: all that a page needs before it subscribes."""

    metrics = MetricSerializer(many=True, read_only=True)

    class Meta(MyDashboardSerializer.Meta):
        fields = read_only_fields = [*MyDashboardSerializer.Meta.fields, "metrics"]


class DashboardCreateSerializer(serializers.Serializer):
    id = ClientIDField(required=False)
    name = NameField(max_length=NAME_LENGTH)
    visibility = serializers.ChoiceField(Dashboard.Visibility.choices, default=Dashboard.Visibility.PRIVATE)


class DashboardUpdateSerializer(serializers.Serializer):
    name = NameField(max_length=NAME_LENGTH, required=False)
    visibility = serializers.ChoiceField(Dashboard.Visibility.choices, required=False)


class DashboardKeySerializer(serializers.Serializer):
    """The key of a deleted dashboard."""

    id = serializers.UUIDField()


class JoinedDashboardSerializer(serializers.Serializer[DashboardMember]):
    """A membership, told to the person whose it is: the dashboard."""

    documented_as = DashboardSerializer

    @cached_property
    def _dashboard(self) -> DashboardSerializer:
        return DashboardSerializer()

    def to_representation(self, instance: DashboardMember) -> dict[str, Any]:
        return self._dashboard.to_representation(instance.dashboard)
