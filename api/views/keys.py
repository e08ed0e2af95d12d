"""The keys of programs: one's own, and those of what one owns."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api.auth import key_bindings, keys
from api.models import Key, User
from api.models.conflicts import Conflict
from api.rest.parameters import single
from api.rest.preconditions import VersionMixin
from api.rest.views import BaseViewSet
from api.serializers.keys import (
    KeyCreateSerializer,
    KeyRotateSerializer,
    KeySerializer,
    KeyUpdateSerializer,
    NewKeySerializer,
)
from tidewire.ids import uuid7
from tidewire.snapshots import SnapshotMixin

MAX_KEYS = 50
STREAM = OpenApiParameter("stream", str, description="The keys of this room (owners), instead of the caller's own.")


@extend_schema_view(
    list=extend_schema(
        operation_id="keys_list", parameters=[STREAM], description="The keys that were not revoked, newest first."
    )
)
class KeyViewSet(VersionMixin, SnapshotMixin, ListModelMixin, BaseViewSet):
    """Not for keys: one that leaked must not make others."""

    serializer_class = KeySerializer
    order_field = "created_at"
    is_newest_first = True
    is_secret = True
    parameters = {"list": {"stream"}}

    def get_stream(self) -> None:
        """No stream tells of keys; those that end close their sockets."""

    def get_queryset(self) -> QuerySet[Key]:
        return self._keys_of(single(self.request, "stream") or "")

    @extend_schema(operation_id="keys_create", request=KeyCreateSerializer, responses={201: NewKeySerializer})
    def create(self, request: Request) -> Response:
        """Make a key, for oneself or for a room that one owns. Its text is in this answer, and never again."""
        serializer = KeyCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wanted = serializer.validated_data
        stream = wanted.get("stream") or ""
        binding, resource = key_bindings.resolve(request.user, stream, lock=True) if stream else (None, None)
        self._require_room_for_one(stream)
        if "id" in wanted and Key.objects.filter(pk=wanted["id"]).exists():
            raise Conflict("id_taken", "There is a key with this id.")
        account = self._service_account(wanted["name"]) if binding else request.user
        if binding:
            binding.add_account(resource, account)
        return self._made(
            user=account,
            id=wanted.get("id") or uuid7(),
            name=wanted["name"],
            scopes=wanted["scopes"],
            stream=stream,
            expires_at=wanted.get("expires_at"),
        )

    @extend_schema(operation_id="keys_retrieve", responses=KeySerializer)
    def retrieve(self, request: Request, key_id: UUID) -> Response:
        """A key, without its text."""
        return Response(KeySerializer(self.get_object()).data)

    @extend_schema(operation_id="keys_update", request=KeyUpdateSerializer, responses=KeySerializer)
    def partial_update(self, request: Request, key_id: UUID) -> Response:
        """Call it otherwise. What it opens stays: who wants that changed makes another."""
        key = self.get_object(lock=True)
        self.check_version(key)
        serializer = KeyUpdateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        if "name" in serializer.validated_data:
            key.name = serializer.validated_data["name"]
            key.save(update_fields=["name"])
        return Response(KeySerializer(key).data)

    @extend_schema(operation_id="keys_destroy", responses={204: None})
    def destroy(self, request: Request, key_id: UUID) -> Response:
        """Revoke it: it opens nothing any more, and its sockets are closed."""
        key = self.get_object(lock=True)
        self.check_version(key)
        Key.objects.filter(pk=key.pk).end()
        key_bindings.close_unused(key.user, key.stream)
        return Response(status=204)

    @extend_schema(operation_id="keys_rotate", request=KeyRotateSerializer, responses={201: NewKeySerializer})
    def rotate(self, request: Request, key_id: UUID) -> Response:
        """A second key for the same account and scopes. This one lives on: revoke it when nobody uses it any more."""
        key = self.get_object(lock=True)
        serializer = KeyRotateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self._require_room_for_one(key.stream)
        expires_at = serializer.validated_data.get("expires_at", _as_long_again(key))
        return self._made(
            user=key.user, id=uuid7(), name=key.name, scopes=key.scopes, stream=key.stream, expires_at=expires_at
        )

    def get_object(self, *, lock: bool = False) -> Key:
        """A key of one's own, or of what one owns. Those of others are not there."""
        keys = Key.objects.select_related("user").filter(pk=self.kwargs["key_id"], ended_at=None)
        key = (keys.select_for_update(of=("self",), no_key=True) if lock else keys).first()
        if key is None or not self._may_manage(key):
            raise NotFound()
        return key

    def _may_manage(self, key: Key) -> bool:
        if not key.stream:
            return key.user_id == self.request.user.pk
        try:
            return bool(key_bindings.resolve(self.request.user, key.stream))
        except (NotFound, PermissionDenied):
            return False

    def _keys_of(self, stream: str) -> QuerySet[Key]:
        if stream:
            key_bindings.resolve(self.request.user, stream)
            keys = Key.objects.filter(stream=stream)
        else:
            keys = Key.objects.filter(user=self.request.user, stream="")
        return keys.filter(ended_at=None).select_related("user")

    def _require_room_for_one(self, stream: str) -> None:
        if self._keys_of(stream).count() >= MAX_KEYS:
            raise Conflict("too_many_keys", f"There are {MAX_KEYS} keys already. Revoke one that is not used.")

    def _service_account(self, name: str) -> User:
        """Nobody signs in to it: it has no password, and an address that no mail reaches."""
        id = uuid7()
        email, password = f"{id}@service.invalid", make_password(None)
        return User.objects.create(pk=id, name=name, email=email, password=password, is_service=True)

    def _made(self, *, id: UUID, **fields: Any) -> Response:
        text = keys.mint(id)
        key = Key(id=id, made_by=self.request.user, hashed=keys.hashed(text), last4=text[-4:], **fields)
        key.save(force_insert=True)
        key.text = text
        location = reverse("key", kwargs={"key_id": key.pk})
        return Response(NewKeySerializer(key).data, status=201, headers={"Location": location})


def _as_long_again(key: Key) -> datetime | None:
    return timezone.now() + (key.expires_at - key.created_at) if key.expires_at else None
