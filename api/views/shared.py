"""What the views of rooms and of dashboards have in common: both are shared by members."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from api import permissions, streams
from api.filters import FILTERS
from api.models.memberships import SharedResource
from api.models.names import NamesClock
from api.permissions import Action
from api.rest.views import BaseViewSet
from tidewire import StreamKind
from tidewire.rest.parameters import single
from tidewire.rest.preconditions import VersionMixin
from tidewire.rest.reads import PreparedListMixin, PreparedRetrieveMixin
from tidewire.rest.tags import Clock
from tidewire.snapshots import SnapshotMixin

NAMES = Clock(frozenset({"api.User.name"}), lambda: NamesClock.objects.values("time"))
"""Of lists that show names: a rename is no event of the streams that show it until a while later."""

S = TypeVar("S", bound=SharedResource)


class SharedResourceMixin(BaseViewSet, Generic[S]):
    """For a viewset at or below the URL of one shared resource, whose id is the URL's parameter `id_parameter`."""

    shared_model: type[S]
    stream_kind: ClassVar[StreamKind]
    id_parameter: ClassVar[str]

    @property
    def shared_id(self) -> UUID:
        return self.kwargs[self.id_parameter]

    def get_binding(self) -> str | None:
        return self.stream_kind(self.shared_id) if self.id_parameter in self.kwargs else None

    def authorize(self, action: Action, *, lock: bool = False) -> S:
        """Returns the resource of this URL, if the caller may do `action` with it. See permissions.authorize."""
        return permissions.authorize(self.shared_model, self.user, self.shared_id, action, lock=lock)


class SharedViewSet(
    SharedResourceMixin[S], VersionMixin, SnapshotMixin, PreparedListMixin, PreparedRetrieveMixin, BaseViewSet
):
    """The collection of a shared resource and its details. A subclass adds `create`, and says what `retrieve` shows."""

    filter_backends = FILTERS
    orderings = ("created_at", "updated_at")
    parameters = {"list": {"discover"}}
    order_field = "created_at"
    is_newest_first = True
    update_serializer_class: ClassVar[type[BaseSerializer]]
    visibility_field: ClassVar[str]
    """The column that opens the resource to every user. Only owners change it."""

    def get_stream(self) -> str | None:
        """The stream of the caller promises the set of their resources; no stream promises the set of public ones."""
        if self.id_parameter in self.kwargs:
            return self.stream_kind(self.authorize(Action.READ).pk)
        return None if self._is_discovering() else streams.users(self.user.pk)

    def page_parameters(self) -> tuple[UUID]:
        return (self.user.pk,)

    def get_queryset(self) -> QuerySet[S]:
        resources = self.shared_model.objects
        if self._is_discovering():
            return resources.readable_by(self.user.pk).filter(self.shared_model.is_public_condition)
        return resources.joined_by(self.user.pk)

    def get_changed(self) -> S:
        """The resource as the answer to a change shows it."""
        return self.authorize(Action.READ)

    def partial_update(self, request: Request, **ids: UUID) -> Response:
        resource = self.authorize(Action.RENAME, lock=True)
        self.check_version(resource)
        changes = self.validated(self.update_serializer_class)
        present = getattr(resource, self.visibility_field)
        if changes.get(self.visibility_field, present) != present:
            permissions.require(Action.CHANGE_KIND, resource.my_role)
        resource.change(**changes)
        return Response(self.get_serializer_class()(self.get_changed()).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **ids: UUID) -> Response:
        resource = self.authorize(Action.DELETE, lock=True)
        self.check_version(resource)
        resource.delete()
        return Response(status=204)

    def _is_discovering(self) -> bool:
        values = {None: False, "true": True, "false": False}
        text = single(self.request, "discover")
        if text not in values:
            raise ValidationError({"discover": ["Must be true or false."]})
        return values[text]


def discover_parameter(description: str) -> OpenApiParameter:
    return OpenApiParameter("discover", bool, description=description)
