"""Rooms, and coming and going."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api import permissions, streams
from api.filters import FILTERS, RoomFilter
from api.models import Member, Room
from api.models.conflicts import Conflict
from api.models.rooms import direct_key
from api.models.unread import with_unread_count
from api.permissions import Action, require, rooms_of, visible_to
from api.rest.parameters import single
from api.rest.preconditions import VersionMixin
from api.rest.views import BaseViewSet
from api.serializers.members import MemberSerializer
from api.serializers.rooms import MyRoomSerializer, RoomCreateSerializer, RoomUpdateSerializer, TransferSerializer
from tidewire import PreparedQuery
from tidewire.snapshots import SnapshotMixin

_MEMBER = PreparedQuery(
    lambda room_id, user_id: (
        Member.objects.select_related("room")
        .select_for_update(of=("self",), no_key=True)
        .filter(room=room_id, user=user_id)
    )
)
DISCOVER = OpenApiParameter("discover", bool, description="All public rooms, instead of the caller's own.")


class InRoom:
    """For a viewset below `rooms/{room_id}/`."""

    def get_binding(self) -> str | None:
        return streams.rooms(self.kwargs["room_id"]) if "room_id" in self.kwargs else None

    def room_as_member(self, action: permissions.Action) -> Room:
        """As `room_for`, with the caller's membership locked: it cannot end, or change, before this request does.

        So a removal and a write do not cross: whichever commits first is what the other one sees.
        """
        member = _MEMBER.first(DEFAULT_DB_ALIAS, self.kwargs["room_id"], self.request.user.pk)
        if member is None:
            return self.room_for(action)
        permissions.require(action, member.role)
        member.room.my_role, member.room.my_membership = member.role, member
        return member.room

    def room_for(self, action: permissions.Action, *, lock: bool = False) -> Room:
        """The room of this URL, if the caller may do `action` in it.

        `lock` is for whoever decides by counting or comparing its members. The room is locked in a statement of its
        own, so that what is read afterwards is what the previous holder of the lock has left.
        """
        room_id = self.kwargs["room_id"]
        if lock:
            Room.objects.select_for_update(no_key=True).filter(pk=room_id).values_list("pk").first()
        return permissions.room_for(self.request.user, room_id, action)


@extend_schema_view(
    list=extend_schema(
        operation_id="rooms_list", parameters=[DISCOVER], description="The caller's rooms, newest first."
    ),
    retrieve=extend_schema(operation_id="rooms_retrieve", description="A room."),
)
class RoomViewSet(InRoom, VersionMixin, SnapshotMixin, ListModelMixin, RetrieveModelMixin, BaseViewSet):
    resource = "rooms"
    queryset = Room.objects.none()  # for the schema: whose filters these are
    filter_backends, filterset_class = FILTERS, RoomFilter
    orderings = ("created_at", "updated_at")
    parameters = {"list": {"discover"}}
    is_cacheable = False  # `me.unread_count` changes, and the version does not
    serializer_class = MyRoomSerializer
    order_field = "created_at"
    is_newest_first = True

    def get_stream(self) -> str | None:
        """The caller's own stream promises the set of their rooms; nothing promises the set of all public ones."""
        if "room_id" in self.kwargs:
            return streams.rooms(self.room_for(Action.READ).pk)
        return None if self._is_discovering() else streams.users(self.request.user.pk)

    def get_queryset(self) -> QuerySet[Room]:
        mine = self.request.user.pk
        rooms = visible_to(mine).filter(kind=Room.Kind.PUBLIC) if self._is_discovering() else rooms_of(mine)
        return with_unread_count(rooms, mine)

    def get_object(self) -> Room:
        mine = self.request.user.pk
        room = with_unread_count(visible_to(mine), mine).filter(pk=self.kwargs["room_id"]).first()
        if room is None:
            raise NotFound()
        return room

    @extend_schema(
        operation_id="rooms_create",
        request=RoomCreateSerializer,
        responses={201: MyRoomSerializer, 200: MyRoomSerializer},
    )
    def create(self, request: Request) -> Response:
        """Open a room. 200 answers with the room that is already there: the same direct room, or the same id again."""
        serializer = RoomCreateSerializer(data=request.data, context={"user": request.user})
        serializer.is_valid(raise_exception=True)
        wanted = serializer.validated_data
        room = self._already_there(wanted)
        status = 200 if room else 201
        room = room or self._open(wanted)
        location = reverse("room", kwargs={"room_id": room.pk})
        return Response(MyRoomSerializer(room).data, status=status, headers={"Location": location})

    @extend_schema(operation_id="rooms_update", request=RoomUpdateSerializer, responses=MyRoomSerializer)
    def partial_update(self, request: Request, room_id: UUID) -> Response:
        """Rename a room (admins), or open and close it to the public (owners)."""
        room = self.room_for(Action.RENAME, lock=True)
        self.check_version(room)
        serializer = RoomUpdateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        changes = serializer.validated_data
        if changes.get("kind", room.kind) != room.kind:
            require(Action.CHANGE_KIND, room.my_role)
        for name, value in changes.items():
            setattr(room, name, value)
        if changes:
            room.save(update_fields=[*changes, "updated_at"])
        return Response(MyRoomSerializer(self.get_object()).data)

    @extend_schema(operation_id="rooms_destroy", responses={204: None})
    def destroy(self, request: Request, room_id: UUID) -> Response:
        """Delete a room with all that is in it (owners)."""
        room = self.room_for(Action.DELETE, lock=True)
        self.check_version(room)
        room.delete()
        return Response(status=204)

    @extend_schema(operation_id="rooms_join", request=None, responses={201: MemberSerializer, 200: MemberSerializer})
    def join(self, request: Request, room_id: UUID) -> Response:
        """Become a member of a public room. 200 if one is already."""
        room = self.room_for(Action.READ, lock=True)
        member = room.members.filter(user=request.user).first()
        status = 200 if member else 201
        member = member or Member.objects.create(room=room, user=request.user)
        member.user = request.user
        return Response(MemberSerializer(member).data, status=status)

    @extend_schema(operation_id="rooms_leave", request=None, responses={204: None})
    def leave(self, request: Request, room_id: UUID) -> Response:
        """Stop being a member. The last owner cannot, and nobody leaves a direct room."""
        room = self.room_for(Action.READ, lock=True)
        if member := room.members.filter(user=request.user).first():
            member.leave()
        return Response(status=204)

    @extend_schema(operation_id="rooms_transfer", request=TransferSerializer, responses=MemberSerializer)
    def transfer(self, request: Request, room_id: UUID) -> Response:
        """Make another member the owner (owners). Oneself goes on as an admin."""
        room = self.room_for(Action.TRANSFER, lock=True)
        serializer = TransferSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        people = {member.user_id: member for member in self._members(room, serializer.validated_data["user_id"])}
        heir = people.get(serializer.validated_data["user_id"])
        if heir is None or heir.user_id == request.user.pk:
            raise ValidationError({"user_id": [ErrorDetail("There is no such other member.", "does_not_exist")]})
        people[request.user.pk].hand_over(heir)
        return Response(MemberSerializer(heir).data)

    def _members(self, room: Room, *others: UUID) -> QuerySet[Member]:
        return room.members.filter(user__in=[self.request.user.pk, *others]).select_related("user")

    def _is_discovering(self) -> bool:
        answers = {None: False, "true": True, "false": False}
        text = single(self.request, "discover")
        if text not in answers:
            raise ValidationError({"discover": ["Must be true or false."]})
        return answers[text]

    def _already_there(self, wanted: dict[str, Any]) -> Room | None:
        mine = with_unread_count(rooms_of(self.request.user.pk), self.request.user.pk)
        if wanted["kind"] == Room.Kind.DIRECT:
            key = direct_key(self.request.user.pk, wanted["user_id"])
            if room := mine.filter(direct_key=key).first():
                return room
        if "id" not in wanted or not Room.objects.filter(pk=wanted["id"]).exists():
            return None
        room = mine.filter(pk=wanted["id"], my_role=Member.Role.OWNER).first()
        if room is None:
            raise Conflict("id_taken", "This id belongs to another room.")
        return room

    def _open(self, wanted: dict[str, Any]) -> Room:
        me = self.request.user.pk
        people = {me: Member.Role.OWNER}
        if other := wanted.pop("user_id", None):
            wanted["direct_key"] = direct_key(me, other)
            people = {me: Member.Role.MEMBER, other: Member.Role.MEMBER}
        room = Room.objects.create(**wanted)
        for user_id, role in people.items():
            Member.objects.create(room=room, user_id=user_id, role=role)
        room.my_role, room.my_unread_count = people[me], 0
        return room
