"""The caller's sessions."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api.models import Session
from api.models.sessions import SessionQuerySet
from api.rest.views import BaseViewSet
from api.serializers.sessions import SessionSerializer
from tidewire.snapshots import SnapshotMixin


@extend_schema(tags=["me"])
@extend_schema_view(list=extend_schema(operation_id="sessions_list", description="Your sessions, newest first."))
class SessionViewSet(SnapshotMixin, ListModelMixin, BaseViewSet):
    serializer_class = SessionSerializer
    order_field = "created_at"
    is_newest_first = True

    def get_stream(self) -> None:
        """No stream has events of sessions. The sockets of an ended session are closed."""

    def get_queryset(self) -> SessionQuerySet:
        return Session.objects.alive().filter(user=self.user)

    @extend_schema(operation_id="sessions_destroy", responses={204: None})
    def destroy(self, request: Request, session_id: UUID) -> Response:
        """End a session. Its tokens are refused from now on, and its sockets are closed."""
        sessions = self.get_queryset().filter(pk=session_id)
        if not sessions.exists():
            raise NotFound()
        sessions.end()
        return Response(status=204)
