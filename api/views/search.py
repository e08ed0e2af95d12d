"""Search in the messages of all rooms that the caller may read, and of one room."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from api.filters import FILTERS, MessageFilter
from api.models import Message, Room
from api.models.messages import MessageQuerySet
from api.permissions import Action
from api.rest.views import BaseViewSet
from api.serializers.messages import MessageSerializer
from api.views.messages import messages_of
from api.views.rooms import InRoom
from tidewire.rest.prepared_pages import PreparedPages
from tidewire.rest.searching import Matches, SearchMixin, SearchParameter

ROWS = 250
"""What a search counts for, whatever it finds: as much as five lists."""


def readable_messages(user_id: UUID) -> MessageQuerySet:
    """The messages of all rooms that a user may read, and that are shown there."""
    return Message.objects.filter(room__in=Room.objects.ids_readable_by(user_id)).shown().whole()


class MessageSearch(SearchMixin, BaseViewSet):
    resource = "messages"
    queryset = Message.objects.none()  # tells openapi.yaml the model of the filters
    filter_backends: Any = [SearchParameter, *FILTERS]
    filterset_class = MessageFilter
    serializer_class = MessageSerializer
    order_field = "created_at"
    is_newest_first = True

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.charge(ROWS)
        return super().list(request, *args, **kwargs)


@extend_schema_view(
    list=extend_schema(
        operation_id="messages_search",
        description="Search in the messages of all rooms that you may read, newest first. Counts as five requests.",
    )
)
@extend_schema(tags=["messages"])
class MessageSearchViewSet(MessageSearch):
    pages = PreparedPages(
        lambda user_id, *terms: readable_messages(user_id).filter(Matches(*terms)),
        MessageSerializer,
    )

    def page_parameters(self) -> tuple[UUID]:
        return (self.user.pk,)

    def get_queryset(self) -> QuerySet[Message]:
        return readable_messages(self.user.pk)


@extend_schema_view(
    list=extend_schema(
        operation_id="room_messages_search",
        description="Search in the messages of a room, newest first. Counts as five requests.",
    )
)
@extend_schema(tags=["messages"])
class RoomMessageSearchViewSet(InRoom, MessageSearch):
    pages = PreparedPages(
        lambda room_id, *terms: messages_of(room_id).filter(Matches(*terms)),
        MessageSerializer,
    )

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.authorize(Action.READ)
        return super().list(request, *args, **kwargs)

    def page_parameters(self) -> tuple[UUID]:
        return (self.shared_id,)

    def get_queryset(self) -> QuerySet[Message]:
        return messages_of(self.shared_id)
