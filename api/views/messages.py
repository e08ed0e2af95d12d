"""Messages of a room, and reactions to them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import get_script_prefix
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api import streams
from api.filters import FILTERS, MessageFilter
from api.models import Message, Room
from api.models.emoji import canonical_emoji, is_emoji
from api.models.messages import MessageQuerySet
from api.permissions import Action, require_may_delete, require_may_edit
from api.rest.views import BaseViewSet
from api.serializers.messages import MessageCreateSerializer, MessageSerializer, MessageUpdateSerializer, References
from api.views.rooms import InRoom
from api.views.shared import NAMES
from tidewire import PreparedRows
from tidewire.rest.batches import BatchMixin, many, repeated
from tidewire.rest.conflicts import Conflict
from tidewire.rest.posts import find_posted, posted
from tidewire.rest.preconditions import VersionMixin
from tidewire.rest.prepared_pages import PreparedPages
from tidewire.rest.reads import PreparedListMixin, PreparedRetrieveMixin
from tidewire.rest.serializers import ReusedSerializer
from tidewire.snapshots import SnapshotMixin, Written

MAX_BATCH = 100
CREATE = ReusedSerializer(MessageCreateSerializer)


def messages_of(room_id: UUID) -> MessageQuerySet:
    """The messages that a room shows."""
    return Message.objects.filter(room=room_id).shown().whole()


@extend_schema(tags=["messages"])
@extend_schema_view(
    list=extend_schema(operation_id="messages_list", description="The messages of a room, newest first."),
    retrieve=extend_schema(operation_id="messages_retrieve", description="One message."),
)
class MessageViewSet(
    InRoom, VersionMixin, BatchMixin, SnapshotMixin, PreparedListMixin, PreparedRetrieveMixin, BaseViewSet
):
    resource = "messages"
    batch_limit = MAX_BATCH
    queryset = Message.objects.none()  # tells openapi.yaml the model of the filters
    filter_backends, filterset_class = FILTERS, MessageFilter
    orderings = ("created_at",)
    serializer_class = MessageSerializer
    order_field = "created_at"
    is_newest_first = True
    pages = PreparedPages(messages_of, MessageSerializer, told_by=streams.rooms, clocks=(NAMES,))
    row = PreparedRows(lambda room_id, id: messages_of(room_id).filter(pk=id), MessageSerializer)

    def page_parameters(self) -> tuple[UUID]:
        return (self.shared_id,)

    def row_parameters(self) -> tuple[UUID, UUID]:
        return self.shared_id, self.kwargs["message_id"]

    def get_stream(self) -> str:
        return self.stream_kind(self.authorize(Action.READ).pk)

    def get_queryset(self) -> QuerySet[Message]:
        return messages_of(self.shared_id)

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
        """Post a message (members). A repeated id is answered with 200 and the existing message."""
        room, _ = self.authorize_writer(Action.WRITE)
        content = CREATE.validated(request.data, references=References(room))
        known = find_posted(content.get("id"), lambda: self.get_queryset().filter(author=self.user), "message")
        message = known or room.post(self.user, **content)
        location = f"{get_script_prefix().rstrip('/')}{request.path_info}{message.pk}/"
        written = Written(message, lambda: MessageSerializer(message).data)
        return posted(written, location, is_new=known is None)

    @extend_schema(operation_id="messages_update", request=MessageUpdateSerializer, responses=MessageSerializer)
    def partial_update(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        """Edit a message (its author). Only users who were not mentioned before get `mention.created`."""
        room, _ = self.authorize_writer(Action.READ)
        message = self.get_object(lock=True)
        require_may_edit(self.user, message, room.my_role)
        self.check_version(message)
        changes = self.validated(MessageUpdateSerializer, references=References(room))
        if changes:
            message.edit(**changes)
        return Response(Written(message, lambda: MessageSerializer(message).data))

    @extend_schema(operation_id="messages_destroy", responses={204: None})
    def destroy(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        """Delete a message (its author, or admins)."""
        room, _ = self.authorize_writer(Action.READ)
        message = self.get_object(lock=True)
        require_may_delete(self.user, message, room.my_role)
        self.check_version(message)
        message.soft_delete()
        return Response(status=204)

    @extend_schema(
        operation_id="messages_batch",
        request={"application/json": many("MessageCreateRequest", MAX_BATCH)},
        responses={201: many("Message", MAX_BATCH)},
    )
    def batch(self, request: Request, room_id: UUID) -> Response:
        """Post up to a hundred messages, in this order (members). All are stored, or none. Each makes its own event.

        A repeated id is answered with the existing message, as for a single message.
        """
        room, _ = self.authorize_writer(Action.WRITE)
        items = self._validated_items(room, self.items_of(request.data))
        self.charge(sum(1 + len(item.get("mentions", ())) for item in items))
        known = self._find_all([item["id"] for item in items if "id" in item])
        written = iter(room.post_all(self.user, [item for item in items if item.get("id") not in known]))
        messages = [known[item["id"]] if item.get("id") in known else next(written) for item in items]
        return Response(MessageSerializer(messages, many=True).data, status=201)

    def _validated_items(self, room: Room, items: list[Any]) -> list[dict[str, Any]]:
        """Validates each item as if it came alone, after those before it. Two queries for all ids that they contain."""
        references = References(room)
        references.preload([item for item in items if isinstance(item, dict)])
        contents: list[dict[str, Any]] = []
        errors: dict[Any, Any] = {}
        for index, item in enumerate(items):
            try:
                contents.append(CREATE.validated(item, references=references))
                references.add(contents[-1].get("id"))
            except ValidationError as error:
                errors[index] = error.detail
        if errors := errors or repeated([content.get("id") for content in contents]):
            raise ValidationError(errors)
        return contents

    def _find_all(self, ids: list[UUID]) -> dict[UUID, Message]:
        """The messages that the caller wrote with these ids before. Raises Conflict for an id of another author's."""
        taken = set(Message.objects.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
        mine = {message.pk: message for message in self.get_queryset().filter(pk__in=taken, author=self.user)}
        if foreign := taken - mine.keys():
            raise Conflict("id_taken", f"The id {min(foreign)} belongs to another message.")
        return mine


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
        """React to a message (members). 200 if your reaction with this emoji exists already."""
        self.authorize_writer(Action.WRITE)
        message = self.get_object(lock=True)
        if not is_emoji(emoji):
            raise ValidationError({"emoji": ["Must be one emoji."]})
        if not message.react(self.user, canonical_emoji(emoji)):
            return Response(MessageSerializer(self.get_object()).data)
        return Response(Written(message, lambda: MessageSerializer(self.get_object()).data), status=201)

    @extend_schema(operation_id="reactions_destroy", parameters=[EMOJI], responses={204: None})
    def delete(self, request: Request, room_id: UUID, message_id: UUID, emoji: str) -> Response:
        """Remove your reaction. 204 also if there is none."""
        self.authorize_writer(Action.WRITE)
        message = self.get_object(lock=True)
        if is_emoji(emoji):  # PostgreSQL refuses some other texts, also in a condition
            message.unreact(self.user, canonical_emoji(emoji))
        return Response(status=204)
