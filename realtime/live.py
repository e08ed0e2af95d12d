"""What of the product is live. The engine imports this module at start, as Django's admin imports `admin.py`."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from api.models import (
    Dashboard,
    DashboardMember,
    Member,
    Mention,
    Message,
    Metric,
    Reaction,
    ReadMarker,
    Room,
)
from api.models.memberships import Membership, SharedResource
from api.serializers.dashboards import DashboardKeySerializer, DashboardSerializer, JoinedDashboardSerializer
from api.serializers.markers import ReadMarkerKeySerializer, ReadMarkerSerializer
from api.serializers.members import MemberKeySerializer, MemberSerializer
from api.serializers.messages import MentionSerializer, MessageKeySerializer, MessageSerializer
from api.serializers.metrics import MetricKeySerializer, MetricSerializer
from api.serializers.rooms import JoinedRoomSerializer, RoomKeySerializer, RoomSerializer
from api.streams import dashboards, keys_of, rooms, samples_recorded, users, webhook_notices
from tidewire import EVERYONE, Live, StreamKind, Touch, register


def shared_resource(
    kind: StreamKind,
    model: type[SharedResource],
    member: type[Membership],
    serializer: Any,
    joined_serializer: Any,
    key_serializer: Any,
) -> tuple[Live[Any], Live[Any], Live[Any]]:
    """Declares a room or a dashboard: the resource and its members in its own stream, and in each member's stream that
    the member has joined or left it."""
    name, column = kind.name, f"{member.resource_field}_id"
    return (
        Live(
            model,
            stream=kind.of("id"),
            serializer=serializer,
            # A new resource has no subscriber yet. Its owner gets the event of joining it.
            updated=f"{name}.updated",
            deleted=f"{name}.deleted",
            key_schema=key_serializer,
            is_deleted=lambda resource: resource.is_hidden,
            # When it becomes private its guests lose access, when it is deleted all readers do.
            ends_access=lambda type, resource: EVERYONE,
        ),
        Live(
            member,
            stream=kind.of(column),
            serializer=MemberSerializer,
            queryset=lambda: member.objects.select_related("user"),
            created="member.joined",
            updated="member.updated",
            deleted="member.left",
            key=lambda row: {"user": {"id": str(row.user_id)}},
            key_schema=MemberKeySerializer,
            ends_access=lambda type, row: str(row.user_id) if type == "member.left" else None,
        ),
        Live(
            member,
            stream=users.of("user_id"),
            serializer=joined_serializer,
            queryset=lambda: member.objects.select_related(member.resource_field),
            created=f"{name}.joined",
            deleted=f"{name}.left",
            key=lambda row: {"id": str(row.resource_id)},
            key_schema=key_serializer,
        ),
    )


def message_key(message: Message) -> dict[str, Any]:
    """The data of `message.deleted`. A soft-deleted row has the time; a row that is deleted altogether has none."""
    deleted_at = message.deleted_at or timezone.now()
    key = {"id": message.pk, "room": message.room_id, "deleted_at": deleted_at, "version": message.version}
    return dict(MessageKeySerializer(key).data)


register(
    *shared_resource(rooms, Room, Member, RoomSerializer, JoinedRoomSerializer, RoomKeySerializer),
    Live(
        Message,
        stream=rooms.of("room_id"),
        serializer=MessageSerializer,
        queryset=Message.objects.whole,
        complete_new=lambda message: setattr(message, "tally", []),
        created="message.created",
        updated="message.edited",
        deleted="message.deleted",
        is_deleted=lambda message: message.deleted_at is not None,
        key=message_key,
        key_schema=MessageKeySerializer,
        searched=("text",),
    ),
    Touch(Reaction, parent="message", created="reaction.added", deleted="reaction.removed"),
    Live(
        Mention,
        stream=users.of("user_id"),
        serializer=MentionSerializer,
        queryset=lambda: Mention.objects.select_related("message"),
        created="mention.created",
    ),
    # In the room for the other members, in the user's stream for the user's other devices. A marker is deleted with
    # its membership, so it has no deletion event.
    *(
        Live(
            ReadMarker,
            stream=stream,
            serializer=ReadMarkerSerializer,
            created="read.updated",
            updated="read.updated",
            key_schema=ReadMarkerKeySerializer,
        )
        for stream in (rooms.of("room_id"), users.of("user_id"))
    ),
    *shared_resource(
        dashboards,
        Dashboard,
        DashboardMember,
        DashboardSerializer,
        JoinedDashboardSerializer,
        DashboardKeySerializer,
    ),
    Live(
        Metric,
        stream=dashboards.of("dashboard_id"),
        serializer=MetricSerializer,
        queryset=Metric.objects.whole,
        created="metric.created",
        updated="metric.updated",
        deleted="metric.deleted",
        intents=("metric.alarm", "metric.ok"),
        key_schema=MetricKeySerializer,
    ),
    samples_recorded,
    *keys_of.values(),
    *webhook_notices.values(),
)
