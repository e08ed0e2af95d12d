"""Rooms: creating, changing, joining and leaving them."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api import permissions, streams
from api.filters import RoomFilter
from api.models import Member, Room
from api.models.rooms import RoomQuerySet
from api.permissions import Action
from api.serializers.members import MemberSerializer
from api.serializers.rooms import MyRoomSerializer, RoomCreateSerializer, RoomUpdateSerializer, TransferSerializer
from api.views.shared import SharedResourceMixin, SharedViewSet, discover_parameter
from tidewire import PreparedRows
from tidewire.rest.posts import find_posted, posted
from tidewire.rest.prepared_pages import PreparedPages


class InRoom(SharedResourceMixin[Room]):
    """For a viewset at or below `rooms/{room_id}/`."""

    shared_model, stream_kind, id_parameter = Room, streams.rooms, "room_id"

    def authorize_writer(self, action: Action) -> tuple[Room, Member | None]:
        """Returns the room of this URL and the caller's membership, locked. See permissions.authorize_writer."""
        return permissions.authorize_writer(self.user, self.shared_id, action)


@extend_schema_view(
    list=extend_schema(
        operation_id="rooms_list",
        parameters=[discover_parameter("All public rooms, instead of your own.")],
        description="Your rooms, newest first.",
    ),
    retrieve=extend_schema(operation_id="rooms_retrieve", description="A room."),
    partial_update=extend_schema(
        operation_id="rooms_update",
        request=RoomUpdateSerializer,
        responses=MyRoomSerializer,
        description="Rename a room (admins), or make it public or private (owners).",
    ),
    destroy=extend_schema(operation_id="rooms_destroy", description="Delete a room with its messages (owners)."),
)
class RoomViewSet(InRoom, SharedViewSet[Room]):
    resource = "rooms"
    queryset = Room.objects.none()  # tells openapi.yaml the model of the filters
    filterset_class = RoomFilter
    serializer_class = MyRoomSerializer
    update_serializer_class, visibility_field = RoomUpdateSerializer, "kind"
    pages = PreparedPages(
        lambda user_id: cast(RoomQuerySet, Room.objects.joined_by(user_id)).with_unread_count(user_id), MyRoomSerializer
    )
    row = PreparedRows(
        lambda user_id, id: Room.objects.readable_by(user_id).with_unread_count(user_id).filter(pk=id), MyRoomSerializer
    )

    def row_parameters(self) -> tuple[UUID, UUID]:
        return self.user.pk, self.shared_id

    def get_queryset(self) -> QuerySet[Room]:
        rooms = cast(RoomQuerySet, super().get_queryset())
        return rooms.with_unread_count(self.user.pk)

    def get_object(self) -> Room:
        mine = self.user.pk
        room = Room.objects.readable_by(mine).with_unread_count(mine).filter(pk=self.shared_id).first()
        if room is None:
            raise NotFound()
        return room

    def get_changed(self) -> Room:
        return self.get_object()

    @extend_schema(
        operation_id="rooms_create",
        request=RoomCreateSerializer,
        responses={201: MyRoomSerializer, 200: MyRoomSerializer},
    )
    def create(self, request: Request) -> Response:
        """Create a room. A repeated id or direct room is answered with 200 and the existing room."""
        content = self.validated(RoomCreateSerializer, user=self.user)
        known = self._find(content)
        room = known or self._create(**content)
        location = reverse("room", kwargs={"room_id": room.pk})
        return posted(MyRoomSerializer(room).data, location, is_new=known is None)

    def _find(self, content: dict[str, Any]) -> Room | None:
        mine = Room.objects.joined_by(self.user.pk).with_unread_count(self.user.pk)
        if content["kind"] == Room.Kind.DIRECT:
            direct = mine.direct_between(self.user.pk, content["user_id"]).first()
            if direct is not None:
                return direct
        return find_posted(content.get("id"), lambda: mine.filter(my_role=Member.Role.OWNER), "room")

    def _create(self, kind: str, user_id: UUID | None = None, **fields: Any) -> Room:
        if user_id is not None:
            room = Room.objects.create_direct(self.user.pk, user_id, **fields)
        else:
            room = Room.objects.create_for(self.user.pk, kind=kind, **fields)
        room.my_unread_count = 0
        return room

    @extend_schema(operation_id="rooms_join", request=None, responses={201: MemberSerializer, 200: MemberSerializer})
    def join(self, request: Request, room_id: UUID) -> Response:
        """Join a public room. 200 if you are a member already."""
        member, is_new = self.authorize(Action.READ, lock=True).join(self.user)
        return Response(MemberSerializer(member).data, status=201 if is_new else 200)

    @extend_schema(operation_id="rooms_leave", request=None, responses={204: None})
    def leave(self, request: Request, room_id: UUID) -> Response:
        """Leave a room. Its last owner cannot leave, and a direct room cannot be left."""
        self.authorize(Action.READ, lock=True).leave(self.user)
        return Response(status=204)

    @extend_schema(operation_id="rooms_transfer", request=TransferSerializer, responses=MemberSerializer)
    def transfer(self, request: Request, room_id: UUID) -> Response:
        """Make another member the owner (owners). You become an admin."""
        room = self.authorize(Action.TRANSFER, lock=True)
        other_id, own_id = self.validated(TransferSerializer)["user_id"], self.user.pk
        members = {m.user_id: m for m in room.members.filter(user__in=[own_id, other_id]).select_related("user")}
        if other_id == own_id or other_id not in members:
            raise ValidationError({"user_id": [ErrorDetail("There is no such other member.", "does_not_exist")]})
        members[own_id].hand_over(members[other_id])
        return Response(MemberSerializer(members[other_id]).data)
