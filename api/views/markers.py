"""Read markers of a room."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import PermissionDenied
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api.models import ReadMarker
from api.permissions import Action
from api.rest.views import BaseViewSet
from api.serializers.markers import ReadMarkerSerializer, ReadSerializer
from api.views.rooms import InRoom
from tidewire.rest.preconditions import VersionMixin
from tidewire.snapshots import SnapshotMixin


@extend_schema(tags=["rooms"])
@extend_schema_view(
    list=extend_schema(
        operation_id="read_list",
        description="The read marker of each member, the latest last. A member who leaves has none.",
    )
)
class ReadMarkerViewSet(InRoom, VersionMixin, SnapshotMixin, ListModelMixin, BaseViewSet):
    resource = "markers"
    serializer_class = ReadMarkerSerializer
    # A marker that moves while a client reads page after page moves towards the later pages: it may be on two of them,
    # but it is not left out.
    order_field, row_key = "at", "user"
    is_newest_first = False

    def get_stream(self) -> str:
        return self.stream_kind(self.authorize(Action.READ).pk)

    def get_queryset(self) -> QuerySet[ReadMarker]:
        return ReadMarker.objects.filter(room=self.shared_id)

    @extend_schema(operation_id="read_put", request=ReadSerializer, responses=ReadMarkerSerializer)
    def put(self, request: Request, room_id: UUID) -> Response:
        """Set your read marker to this message (members). It only moves forward."""
        room, member = self.authorize_writer(Action.WRITE)
        if member is None:
            raise PermissionDenied()
        marker = member.mark_read(self.validated(ReadSerializer, room=room)["message"])
        return Response(ReadMarkerSerializer(marker).data)
