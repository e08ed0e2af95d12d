"""Who is in a room."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api import live
from api.filters import FILTERS, MemberFilter
from api.models import Member, Room
from api.models.conflicts import Conflict
from api.permissions import Action, may_give
from api.serializers.members import MemberCreateSerializer, MemberSerializer, MemberUpdateSerializer
from api.views.base import BaseViewSet
from api.views.preconditions import VersionMixin
from realtime.snapshots import SnapshotMixin


@extend_schema(tags=["members"])
@extend_schema_view(
    list=extend_schema(operation_id="members_list", description="The members of a room, in the order they joined."),
    retrieve=extend_schema(operation_id="members_retrieve", description="One member."),
)
class MemberViewSet(VersionMixin, SnapshotMixin, ListModelMixin, RetrieveModelMixin, BaseViewSet):
    resource = "members"
    queryset = Member.objects.none()  # for the schema: whose filters these are
    filter_backends, filterset_class = FILTERS, MemberFilter
    orderings = ("joined_at",)
    serializer_class = MemberSerializer
    order_field = "joined_at"
    is_newest_first = False

    def get_stream(self) -> str:
        return live.rooms(self.room_for(Action.READ).pk)

    def get_queryset(self) -> QuerySet[Member]:
        return Member.objects.filter(room=self.kwargs["room_id"]).select_related("user")

    def get_object(self) -> Member:
        member = self.get_queryset().filter(user=self.kwargs["user_id"]).first()
        if member is None:
            raise NotFound()
        return member

    @extend_schema(
        operation_id="members_create",
        request=MemberCreateSerializer,
        responses={201: MemberSerializer, 200: MemberSerializer},
    )
    def create(self, request: Request, room_id: UUID) -> Response:
        """Add somebody (admins). 200 if they are in already, with this role."""
        room = self.room_for(Action.MANAGE_MEMBERS, lock=True)
        serializer = MemberCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user_id, role = serializer.validated_data["user_id"], serializer.validated_data["role"]
        self._may_give(room, role)
        member = self.get_queryset().filter(user=user_id).first()
        if member and member.role != role:
            raise Conflict("already_member", "They are a member already, with another role.")
        status = 200 if member else 201
        member = member or Member.objects.create(room=room, user_id=user_id, role=role)
        location = reverse("member", kwargs={"room_id": room.pk, "user_id": user_id})
        return Response(MemberSerializer(member).data, status=status, headers={"Location": location})

    @extend_schema(operation_id="members_update", request=MemberUpdateSerializer, responses=MemberSerializer)
    def partial_update(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        """Give somebody another role."""
        room = self.room_for(Action.MANAGE_MEMBERS, lock=True)
        member = self.get_object()
        self.check_version(member)
        serializer = MemberUpdateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        role = serializer.validated_data["role"]
        self._may_give(room, member.role, role)
        member.take_role(role)
        return Response(MemberSerializer(member).data)

    @extend_schema(operation_id="members_destroy", responses={204: None})
    def destroy(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        """Remove somebody (admins), or oneself."""
        is_oneself = user_id == request.user.pk
        room = self.room_for(Action.READ if is_oneself else Action.MANAGE_MEMBERS, lock=True)
        member = self.get_object()
        self.check_version(member)
        if not is_oneself:
            self._may_give(room, member.role)
        member.leave()
        return Response(status=204)

    def _may_give(self, room: Room, *roles: str) -> None:
        if not may_give(room.my_role, *roles):
            raise PermissionDenied()
