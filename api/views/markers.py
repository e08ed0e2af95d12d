"""How far everybody has read."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api import streams
from api.models import Member, Message, ReadMarker
from api.permissions import Action
from api.rest.preconditions import VersionMixin
from api.rest.views import BaseViewSet
from api.serializers.markers import ReadMarkerSerializer, ReadSerializer
from api.views.rooms import InRoom
from tidewire.snapshots import SnapshotMixin


@extend_schema(tags=["rooms"])
@extend_schema_view(
    list=extend_schema(
        operation_id="read_list",
        description="How far each member has read, the one who read last at the end. Whoever leaves takes the marker.",
    )
)
class ReadMarkerViewSet(InRoom, VersionMixin, SnapshotMixin, ListModelMixin, BaseViewSet):
    resource = "markers"
    serializer_class = ReadMarkerSerializer
    # A marker that moves while somebody turns pages goes forward: it may be seen twice, but is never missed.
    order_field = "at"
    is_newest_first = False

    def get_stream(self) -> str:
        return streams.rooms(self.room_for(Action.READ).pk)

    def get_queryset(self) -> QuerySet[ReadMarker]:
        return ReadMarker.objects.filter(room=self.kwargs["room_id"])

    @extend_schema(operation_id="read_put", request=ReadSerializer, responses=ReadMarkerSerializer)
    def put(self, request: Request, room_id: UUID) -> Response:
        """I have read up to this message (members). It only goes forward: an older one answers where I am."""
        room = self.room_as_member(Action.WRITE)
        serializer = ReadSerializer(data=request.data, context={"room": room})
        serializer.is_valid(raise_exception=True)
        marker = self._move(room.my_membership, serializer.validated_data["message"])
        return Response(ReadMarkerSerializer(marker).data)

    def _move(self, member: Member, message: Message) -> ReadMarker:
        """The membership is locked, so nobody else moves this marker now."""
        marker = ReadMarker.objects.select_related("message").filter(member=member).first()
        if marker is None:
            return ReadMarker.objects.create(
                member=member, room_id=member.room_id, user_id=member.user_id, message=message
            )
        if marker.message.number < message.number:
            marker.message, marker.at = message, timezone.now()
            marker.save(update_fields=["message", "at"])
        return marker
