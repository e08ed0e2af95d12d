"""Who belongs to a place, a room or a dashboard: the same rules for both."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api.filters import FILTERS, MemberFilter
from api.models.conflicts import Conflict
from api.permissions import Action, may_give
from api.rest.preconditions import VersionMixin
from api.rest.views import BaseViewSet
from api.serializers.members import MemberCreateSerializer, MemberSerializer, MemberUpdateSerializer
from tidewire.snapshots import SnapshotMixin


def described(prefix: str, list_description: str) -> Any:
    """The operations of a place's members, in openapi.yaml."""
    return extend_schema_view(
        list=extend_schema(operation_id=f"{prefix}_list", description=list_description),
        retrieve=extend_schema(operation_id=f"{prefix}_retrieve", description="One member."),
        create=extend_schema(
            operation_id=f"{prefix}_create",
            request=MemberCreateSerializer,
            responses={201: MemberSerializer, 200: MemberSerializer},
        ),
        partial_update=extend_schema(
            operation_id=f"{prefix}_update", request=MemberUpdateSerializer, responses=MemberSerializer
        ),
        destroy=extend_schema(operation_id=f"{prefix}_destroy", responses={204: None}),
    )


class MembershipViewSet(VersionMixin, SnapshotMixin, ListModelMixin, RetrieveModelMixin, BaseViewSet):
    """A subclass names the place's `kind` (its column and the start of its URL's name), `route`, and `place`."""

    filter_backends, filterset_class = FILTERS, MemberFilter
    orderings = ("joined_at",)
    serializer_class = MemberSerializer
    order_field = "joined_at"
    is_newest_first = False
    kind: str
    route: str

    def place(self, action: Action, *, lock: bool = False) -> Any:
        """The room or dashboard of this URL, with `my_role`, if the caller may do `action`."""
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        here = {self.kind: self.kwargs[f"{self.kind}_id"]}
        return self.queryset.model.objects.filter(**here).select_related("user")

    def get_object(self) -> Any:
        member = self.get_queryset().filter(user=self.kwargs["user_id"]).first()
        if member is None:
            raise NotFound()
        return member

    def create(self, request: Request, **place: UUID) -> Response:
        """Add somebody (admins). 200 if they are in already, with this role."""
        found = self.place(Action.MANAGE_MEMBERS, lock=True)
        serializer = MemberCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user_id, role = serializer.validated_data["user_id"], serializer.validated_data["role"]
        self._require_may_give(found, role)
        member = self.get_queryset().filter(user=user_id).first()
        if member and member.role != role:
            raise Conflict("already_member", "They are a member already, with another role.")
        status = 200 if member else 201
        member = member or self.queryset.model.objects.create(**{self.kind: found}, user_id=user_id, role=role)
        location = reverse(self.route, kwargs={**place, "user_id": user_id})
        return Response(MemberSerializer(member).data, status=status, headers={"Location": location})

    def partial_update(self, request: Request, user_id: UUID, **place: UUID) -> Response:
        """Give somebody another role."""
        found = self.place(Action.MANAGE_MEMBERS, lock=True)
        member = self.get_object()
        self.check_version(member)
        serializer = MemberUpdateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        role = serializer.validated_data["role"]
        self._require_may_give(found, member.role, role)
        member.take_role(role)
        return Response(MemberSerializer(member).data)

    def destroy(self, request: Request, user_id: UUID, **place: UUID) -> Response:
        """Remove somebody (admins), or oneself."""
        is_oneself = user_id == request.user.pk
        found = self.place(Action.READ if is_oneself else Action.MANAGE_MEMBERS, lock=True)
        member = self.get_object()
        self.check_version(member)
        if not is_oneself:
            self._require_may_give(found, member.role)
        member.leave()
        return Response(status=204)

    def _require_may_give(self, place: Any, *roles: str) -> None:
        if not may_give(place.my_role, *roles):
            raise PermissionDenied()
