"""What is said in a room."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api import live
from api.emoji import is_emoji
from api.models import Message, Reaction, Room
from api.models.conflicts import Conflict
from api.models.reactions import MAX_DISTINCT
from api.permissions import Action, may_delete, may_edit
from api.serializers.messages import MessageCreateSerializer, MessageSerializer, MessageUpdateSerializer
from api.views.base import BaseViewSet
from api.views.preconditions import VersionMixin
from realtime.snapshots import SnapshotMixin, Written


@extend_schema(tags=["messages"])
@extend_schema_view(
    list=extend_schema(operation_id="messages_list", description="The messages of a room, newest first."),
    retrieve=extend_schema(operation_id="messages_retrieve", description="One message."),
)
class MessageViewSet(VersionMixin, SnapshotMixin, ListModelMixin, RetrieveModelMixin, BaseViewSet):
    resource = "messages"
    serializer_class = MessageSerializer
    order_field = "created_at"
    is_newest_first = True

    def get_stream(self) -> str:
        return live.rooms(self.room_for(Action.READ).pk)

    def get_queryset(self) -> QuerySet[Message]:
        return Message.objects.filter(room=self.kwargs["room_id"], deleted_at=None).whole()

    def get_object(self, *, lock: bool = False) -> Message:
        messages = self.get_queryset().filter(pk=self.kwargs["message_id"])
        if lock:
            messages = messages.select_for_update(of=("self",), no_key=True)
        message = messages.first()
        if message is None:
            raise NotFound()
        return message

    @extend_schema(
        operation_id="messages_create",
        request=MessageCreateSerializer,
        responses={201: MessageSerializer, 200: MessageSerializer},
    )
    def create(self, request: Request, room_id: UUID) -> Response:
        """Say something (members). 200 answers a repeated id with the message that is there already."""
        room = self.room_as_member(Action.WRITE)
        serializer = MessageCreateSerializer(data=request.data, context={"room": room})
        serializer.is_valid(raise_exception=True)
        said = serializer.validated_data
        message = self._already_said(said.get("id"))
        status = 200 if message else 201
        message = message or self._say(room, said)
        location = reverse("message", kwargs={"room_id": room.pk, "message_id": message.pk})
        return Response(
            Written(message, lambda: MessageSerializer(message).data), status=status, headers={"Location": location}
        )

    @extend_schema(operation_id="messages_update", request=MessageUpdateSerializer, responses=MessageSerializer)
    def partial_update(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        """Say it better (the author). Only who is newly mentioned is told."""
        room = self.room_as_member(Action.READ)
        message = self.get_object(lock=True)
        if not may_edit(request.user, message, room.my_role):
            raise PermissionDenied()
        self.check_version(message)
        serializer = MessageUpdateSerializer(data=request.data, context={"room": room})
        serializer.is_valid(raise_exception=True)
        if serializer.validated_data:
            message.edit(**serializer.validated_data)
        return Response(Written(message, lambda: MessageSerializer(message).data))

    @extend_schema(operation_id="messages_destroy", responses={204: None})
    def destroy(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        """Take it back (the author), or take it away (admins)."""
        room = self.room_as_member(Action.READ)
        message = self.get_object(lock=True)
        if not may_delete(request.user, message, room.my_role):
            raise PermissionDenied()
        self.check_version(message)
        message.soft_delete()
        return Response(status=204)

    def _already_said(self, id: UUID | None) -> Message | None:
        if id is None or not Message.objects.filter(pk=id).exists():
            return None
        message = self.get_queryset().filter(pk=id, author=self.request.user).first()
        if message is None:
            raise Conflict("id_taken", "This id belongs to another message.")
        return message

    def _say(self, room: Room, said: dict[str, Any]) -> Message:
        mentions = said.get("mentions", [])
        message = Message(
            room=room,
            author=self.request.user,
            text=said["text"],
            reply_to_id=said.get("reply_to"),
            mentions=[str(id) for id in mentions],
            **({"id": said["id"]} if "id" in said else {}),
        )
        message.save(force_insert=True)
        message.mention(mentions)
        message.named_reactions = []
        return message


EMOJI = OpenApiParameter("emoji", str, OpenApiParameter.PATH, description="One emoji, percent-encoded.")


@extend_schema(tags=["messages"])
class ReactionViewSet(MessageViewSet):
    @extend_schema(
        operation_id="reactions_put",
        parameters=[EMOJI],
        request=None,
        responses={201: MessageSerializer, 200: MessageSerializer},
    )
    def put(self, request: Request, room_id: UUID, message_id: UUID, emoji: str) -> Response:
        """React to a message (members). 200 if one has already, with this emoji."""
        self.room_as_member(Action.WRITE)
        message = self.get_object(lock=True)
        if not is_emoji(emoji):
            raise ValidationError({"emoji": ["Must be one emoji."]})
        if message.reactions.filter(user=request.user, emoji=emoji).exists():
            return Response(MessageSerializer(message).data)
        used = {entry["emoji"] for entry in message.tally}
        if emoji not in used and len(used) >= MAX_DISTINCT:
            raise Conflict("too_many_emoji", f"A message takes {MAX_DISTINCT} different emoji.")
        Reaction.objects.create(message=message, user=request.user, emoji=emoji)
        return Response(Written(message, lambda: MessageSerializer(self.get_object()).data), status=201)

    @extend_schema(operation_id="reactions_destroy", parameters=[EMOJI], responses={204: None})
    def delete(self, request: Request, room_id: UUID, message_id: UUID, emoji: str) -> Response:
        """Take one's reaction back. 204 also where there is none."""
        self.room_as_member(Action.WRITE)
        message = self.get_object(lock=True)
        if is_emoji(emoji):  # PostgreSQL cannot even look for some texts
            message.reactions.filter(user=request.user, emoji=emoji).delete()
        return Response(status=204)
