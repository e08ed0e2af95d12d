"""API keys: the caller's own, and those that are bound to rooms and dashboards of the caller."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api.auth import key_bindings
from api.auth.key_bindings import KeyBinding
from api.models import Key, User
from api.rest.views import BaseViewSet
from api.serializers.keys import (
    KeyCreateSerializer,
    KeyRotateSerializer,
    KeySerializer,
    KeyUpdateSerializer,
    NewKeySerializer,
)
from tidewire.rest.conflicts import Conflict
from tidewire.rest.parameters import single
from tidewire.rest.preconditions import VersionMixin
from tidewire.snapshots import SnapshotMixin, canonical

STREAM = OpenApiParameter(
    "stream", str, description="The keys of this room or dashboard (owners), instead of your own."
)


@extend_schema_view(
    list=extend_schema(
        operation_id="keys_list", parameters=[STREAM], description="The keys that are not revoked, newest first."
    )
)
class KeyViewSet(VersionMixin, SnapshotMixin, ListModelMixin, BaseViewSet):
    """Does not accept keys as a credential, so that a leaked key cannot make others."""

    serializer_class = KeySerializer
    order_field = "created_at"
    is_newest_first = True
    is_secret = True
    parameters = {"list": {"stream"}}

    def get_stream(self) -> None:
        """No stream has events of keys. The sockets of a revoked key are closed."""

    def get_queryset(self) -> QuerySet[Key]:
        stream = canonical(single(self.request, "stream") or "")
        if stream:
            key_bindings.resolve(self.user, stream)
        return Key.objects.in_use(self.user, stream)

    @extend_schema(operation_id="keys_create", request=KeyCreateSerializer, responses={201: NewKeySerializer})
    def create(self, request: Request) -> Response:
        """Create a key, for yourself or for a room or dashboard of yours. Only this answer contains the key's text."""
        content = self.validated(KeyCreateSerializer)
        stream = canonical(content.pop("stream", None) or "")
        binding, resource = self._lock_owner(stream)
        Key.objects.require_space(self.user, stream)
        if "id" in content and Key.objects.filter(pk=content["id"]).exists():
            raise Conflict("id_taken", "There is a key with this id.")
        account = self.user
        if binding:
            account = User.objects.create_service_account(content["name"])
            binding.add_account(resource, account)
        return _issued(Key.objects.issue(account, made_by=self.user, stream=stream, **content))

    @extend_schema(operation_id="keys_retrieve", responses=KeySerializer)
    def retrieve(self, request: Request, key_id: UUID) -> Response:
        """A key, without its text."""
        return Response(KeySerializer(self.get_object()).data)

    @extend_schema(operation_id="keys_update", request=KeyUpdateSerializer, responses=KeySerializer)
    def partial_update(self, request: Request, key_id: UUID) -> Response:
        """Rename a key. Its scopes cannot be changed: create another key instead."""
        key = self.get_object(lock=True)
        self.check_version(key)
        changes = self.validated(KeyUpdateSerializer)
        if changes:
            key.rename(**changes)
        return Response(KeySerializer(key).data)

    @extend_schema(operation_id="keys_destroy", responses={204: None})
    def destroy(self, request: Request, key_id: UUID) -> Response:
        """Revoke a key. It is refused from now on, and its sockets are closed."""
        key = self.get_object(lock=True)
        self.check_version(key)
        key.revoke()
        return Response(status=204)

    @extend_schema(operation_id="keys_rotate", request=KeyRotateSerializer, responses={201: NewKeySerializer})
    def rotate(self, request: Request, key_id: UUID) -> Response:
        """Create a second key for the same account and scopes. This one stays valid until you revoke it."""
        self._lock_owner(self.get_object().stream)
        key = self.get_object(lock=True)
        content = self.validated(KeyRotateSerializer)
        Key.objects.require_space(self.user, key.stream)
        return _issued(key.rotate(self.user, **content))

    def _lock_owner(self, stream: str) -> tuple[KeyBinding | None, Any]:
        """Locks the row whose keys are counted: the resource of the stream, or for "" the caller's own.

        Of two requests at once, the second then counts the key of the first. Returns the binding and the resource.
        """
        if stream:
            return key_bindings.resolve(self.user, stream, lock=True)
        User.objects.select_for_update(no_key=True).filter(pk=self.user.pk).values_list("pk").first()
        return None, None

    def get_object(self, *, lock: bool = False) -> Key:
        """The key of this URL, if it is the caller's own or bound to a resource that the caller owns."""
        keys = Key.objects.select_related("user").filter(pk=self.kwargs["key_id"], ended_at=None)
        key = (keys.select_for_update(of=("self",), no_key=True) if lock else keys).first()
        if key is None or not self._may_manage(key):
            raise NotFound()
        return key

    def _may_manage(self, key: Key) -> bool:
        if not key.stream:
            return key.user_id == self.user.pk
        try:
            return bool(key_bindings.resolve(self.user, key.stream))
        except (NotFound, PermissionDenied):
            return False


def _issued(key: Key) -> Response:
    location = reverse("key", kwargs={"key_id": key.pk})
    return Response(NewKeySerializer(key).data, status=201, headers={"Location": location})
