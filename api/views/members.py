"""Who is in a room."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema

from api import streams
from api.models import Member, Room
from api.permissions import Action
from api.views.memberships import MembershipViewSet, described
from api.views.rooms import InRoom


@extend_schema(tags=["members"])
@described("members", "The members of a room, in the order they joined.")
class MemberViewSet(InRoom, MembershipViewSet):
    resource = "members"
    queryset = Member.objects.none()  # for the schema: whose filters these are
    kind, route = "room", "member"

    def place(self, action: Action, *, lock: bool = False) -> Room:
        return self.room_for(action, lock=lock)

    def get_stream(self) -> str:
        return streams.rooms(self.place(Action.READ).pk)
