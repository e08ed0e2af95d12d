"""Members, of rooms and of dashboards."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from api import streams
from api.filters import FILTERS, MemberFilter
from api.models import Dashboard, DashboardMember, Member, Room
from api.models.memberships import Membership, SharedResource
from api.permissions import Action, require_may_give
from api.rest.views import BaseViewSet
from api.serializers.members import MemberCreateSerializer, MemberSerializer, MemberUpdateSerializer
from api.views.dashboards import OnDashboard
from api.views.rooms import InRoom
from api.views.shared import NAMES, SharedResourceMixin
from tidewire import PreparedRows, StreamKind
from tidewire.rest.conflicts import Conflict
from tidewire.rest.posts import posted
from tidewire.rest.preconditions import VersionMixin
from tidewire.rest.prepared_pages import PreparedPages
from tidewire.rest.reads import PreparedListMixin, PreparedRetrieveMixin
from tidewire.snapshots import SnapshotMixin

S = TypeVar("S", bound=SharedResource)


def described(prefix: str, list_description: str) -> Any:
    """The operations of members in openapi.yaml. Their ids begin with `prefix`."""
    return extend_schema_view(
        list=extend_schema(operation_id=f"{prefix}_list", description=list_description),
        retrieve=extend_schema(operation_id=f"{prefix}_retrieve", description="One member."),
        create=extend_schema(
            operation_id=f"{prefix}_create",
            request=MemberCreateSerializer,
            responses={201: MemberSerializer, 200: MemberSerializer},
        ),
        partial_update=extend_schema(
            operation_id=f"{prefix}_update", request=MemberUpdateSerializer, responses=MemberSerializer
        ),
        destroy=extend_schema(operation_id=f"{prefix}_destroy", responses={204: None}),
    )


def members_of(model: type[SharedResource], id: UUID) -> QuerySet[Any]:
    """The members of one room or dashboard, with their users."""
    members = model.membership_model()
    return members.objects.filter(**{members.resource_field: id}).select_related("user")


def reads_of(model: type[SharedResource], kind: StreamKind) -> tuple[PreparedPages, PreparedRows[Any, [UUID, UUID]]]:
    """The prepared list of the members of one room or dashboard, and one of them."""
    pages = PreparedPages(lambda id: members_of(model, id), MemberSerializer, told_by=kind, clocks=(NAMES,))
    return pages, PreparedRows(lambda id, user_id: members_of(model, id).filter(user=user_id), MemberSerializer)


class MembershipViewSet(
    SharedResourceMixin[S], VersionMixin, SnapshotMixin, PreparedListMixin, PreparedRetrieveMixin, BaseViewSet
):
    """The members of one shared resource. `url_name` is the name of a member's URL."""

    filter_backends, filterset_class = FILTERS, MemberFilter
    orderings = ("joined_at",)
    serializer_class = MemberSerializer
    order_field, row_key = "joined_at", "user"
    is_newest_first = False
    url_name: ClassVar[str]

    def page_parameters(self) -> tuple[UUID]:
        return (self.shared_id,)

    def row_parameters(self) -> tuple[UUID, UUID]:
        return self.shared_id, self.kwargs["user_id"]

    def get_stream(self) -> str:
        return self.stream_kind(self.authorize(Action.READ).pk)

    def get_queryset(self) -> QuerySet[Any]:
        return members_of(self.shared_model, self.shared_id)

    def get_object(self) -> Membership:
        member = self.get_queryset().filter(user=self.kwargs["user_id"]).first()
        if member is None:
            raise NotFound()
        return member

    def create(self, request: Request, **ids: UUID) -> Response:
        """Add a member (admins). 200 if the user is a member with this role already."""
        resource = self.authorize(Action.MANAGE_MEMBERS, lock=True)
        content = self.validated(MemberCreateSerializer)
        require_may_give(resource.my_role, content["role"])
        known = self.get_queryset().filter(user=content["user_id"]).first()
        if known and known.role != content["role"]:
            raise Conflict("already_member", "They are a member already, with another role.")
        member = known or resource.add_member(**content)
        location = reverse(self.url_name, kwargs={**ids, "user_id": content["user_id"]})
        return posted(MemberSerializer(member).data, location, is_new=known is None)

    def partial_update(self, request: Request, user_id: UUID, **ids: UUID) -> Response:
        """Change a member's role."""
        resource = self.authorize(Action.MANAGE_MEMBERS, lock=True)
        member = self.get_object()
        self.check_version(member)
        role = self.validated(MemberUpdateSerializer)["role"]
        require_may_give(resource.my_role, member.role, role)
        member.change_role(role)
        return Response(MemberSerializer(member).data)

    def destroy(self, request: Request, user_id: UUID, **ids: UUID) -> Response:
        """Remove a member (admins), or yourself."""
        is_oneself = user_id == self.user.pk
        resource = self.authorize(Action.READ if is_oneself else Action.MANAGE_MEMBERS, lock=True)
        member = self.get_object()
        self.check_version(member)
        if not is_oneself:
            require_may_give(resource.my_role, member.role)
        member.leave()
        return Response(status=204)


@extend_schema(tags=["members"])
@described("members", "The members of a room, in the order in which they joined.")
class MemberViewSet(InRoom, MembershipViewSet):
    resource, url_name = "members", "member"
    pages, row = reads_of(Room, streams.rooms)
    queryset = Member.objects.none()  # tells openapi.yaml the model of the filters


@described("dashboard_members", "The members of a dashboard, in the order in which they joined.")
class DashboardMemberViewSet(OnDashboard, MembershipViewSet):
    resource, url_name = "dashboards", "dashboard-member"
    pages, row = reads_of(Dashboard, streams.dashboards)
    queryset = DashboardMember.objects.none()  # tells openapi.yaml the model of the filters
