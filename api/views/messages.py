"""What is said in a room."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import get_script_prefix
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api import streams
from api.filters import FILTERS, MessageFilter
from api.models import Mention, Message, Reaction, Room
from api.models.conflicts import Conflict
from api.models.emoji import canonical_emoji, is_emoji
from api.models.reactions import MAX_DISTINCT
from api.permissions import Action, may_delete, may_edit
from api.rest.batches import BatchMixin, many, twice
from api.rest.preconditions import VersionMixin
from api.rest.reused_serializer import Reused
from api.rest.views import BaseViewSet
from api.serializers.messages import Known, MessageCreateSerializer, MessageSerializer, MessageUpdateSerializer
from api.views.rooms import InRoom
from tidewire import deferred_inserts
from tidewire.snapshots import SnapshotMixin, Written

MAX_BATCH = 100
CREATE = Reused(MessageCreateSerializer)


@extend_schema(tags=["messages"])
@extend_schema_view(
    list=extend_schema(operation_id="messages_list", description="The messages of a room, newest first."),
    retrieve=extend_schema(operation_id="messages_retrieve", description="One message."),
)
class MessageViewSet(InRoom, VersionMixin, BatchMixin, SnapshotMixin, ListModelMixin, RetrieveModelMixin, BaseViewSet):
    resource = "messages"
    batch_limit = MAX_BATCH
    queryset = Message.objects.none()  # for the schema: whose filters these are
    filter_backends, filterset_class = FILTERS, MessageFilter
    orderings = ("created_at",)
    serializer_class = MessageSerializer
    order_field = "created_at"
    is_newest_first = True

    def get_stream(self) -> str:
        return streams.rooms(self.room_for(Action.READ).pk)

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
        said = CREATE.validated(request.data, known=Known(room))
        message = self._already_said(said.get("id"))
        status = 200 if message else 201
        message = message or self._say(room, said)
        location = f"{get_script_prefix().rstrip('/')}{request.path_info}{message.pk}/"
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
        serializer = MessageUpdateSerializer(data=request.data, context={"known": Known(room)})
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

    @extend_schema(
        operation_id="messages_batch",
        request={"application/json": many("MessageCreateRequest", MAX_BATCH)},
        responses={201: many("Message", MAX_BATCH)},
    )
    def batch(self, request: Request, room_id: UUID) -> Response:
        """Say up to a hundred things, in this order (members): all of them, or none. Each is an event of its own.

        An id that was said before answers with the message that is there, as a single one does.
        """
        room = self.room_as_member(Action.WRITE)
        items = self._validated(room, self.items_of(request.data))
        known = self._already_there([item["id"] for item in items if "id" in item])
        new = [self._message(room, item) for item in items if item.get("id") not in known]
        messages = iter(_in_order(new))
        Message.objects.bulk_create(new)
        Mention.objects.bulk_create(
            Mention(message=message, user_id=UUID(id)) for message in new for id in message.mentions
        )
        said = [known[item["id"]] if item.get("id") in known else next(messages) for item in items]
        return Response(MessageSerializer(said, many=True).data, status=201)

    def _validated(self, room: Room, items: list[Any]) -> list[dict[str, Any]]:
        """Each item as if it came alone, after those before it. Two queries for all that they name."""
        known = Known(room)
        known.preload([item for item in items if isinstance(item, dict)])
        found, errors = [], {}
        for index, item in enumerate(items):
            try:
                found.append(CREATE.validated(item, known=known))
                known.add(found[-1].get("id"))
            except ValidationError as error:
                errors[index] = error.detail
        if errors := errors or twice([item.get("id") for item in found]):
            raise ValidationError(errors)
        return found

    def _already_there(self, ids: list[UUID]) -> dict[UUID, Message]:
        taken = set(Message.objects.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
        mine = {message.pk: message for message in self.get_queryset().filter(pk__in=taken, author=self.request.user)}
        if foreign := taken - mine.keys():
            raise Conflict("id_taken", f"The id {min(foreign)} belongs to another message.")
        return mine

    def _already_said(self, id: UUID | None) -> Message | None:
        if id is None or not Message.objects.filter(pk=id).exists():
            return None
        message = self.get_queryset().filter(pk=id, author=self.request.user).first()
        if message is None:
            raise Conflict("id_taken", "This id belongs to another message.")
        return message

    def _say(self, room: Room, said: dict[str, Any]) -> Message:
        message = self._message(room, said)
        with deferred_inserts():
            message.save(force_insert=True)
        message.mention(said.get("mentions", []))
        return message

    def _message(self, room: Room, said: dict[str, Any]) -> Message:
        message = Message(
            room=room,
            author=self.request.user,
            text=said["text"],
            reply_to_id=said.get("reply_to"),
            mentions=[str(id) for id in said.get("mentions", [])],
            **({"id": said["id"]} if "id" in said else {}),
        )
        message.named_reactions = []
        return message


def _in_order(messages: list[Message]) -> list[Message]:
    """Messages that are said at once are listed, and numbered, in the order in which they were sent."""
    now = timezone.now()
    for index, message in enumerate(messages):
        message.created_at = now + timedelta(microseconds=index)
    return messages


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
        emoji = canonical_emoji(emoji)
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
            message.reactions.filter(user=request.user, emoji=canonical_emoji(emoji)).delete()
        return Response(status=204)
