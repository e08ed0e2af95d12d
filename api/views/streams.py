"""Where a stream stands, for clients that hold no list of it."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from api.permissions import may_subscribe
from api.serializers.streams import PositionSerializer
from api.views.base import BaseViewSet
from realtime.snapshots import position


class StreamViewSet(BaseViewSet):
    resource = "streams"

    def get_home(self) -> str:
        return self.kwargs["name"]

    @extend_schema(operation_id="streams_retrieve", responses=PositionSerializer)
    def retrieve(self, request: Request, name: str) -> Response:
        """The position of a stream that the caller may subscribe to."""
        if not may_subscribe(request.user, name):
            raise NotFound()
        return Response(position(name).as_json())
