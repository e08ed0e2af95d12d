"""What is live. Imported at start by the engine, as `admin.py` is by the admin."""

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
from api.serializers.dashboards import DashboardKeySerializer, DashboardSerializer, JoinedDashboardSerializer
from api.serializers.markers import ReadMarkerKeySerializer, ReadMarkerSerializer
from api.serializers.members import MemberKeySerializer, MemberSerializer
from api.serializers.messages import MentionSerializer, MessageKeySerializer, MessageSerializer
from api.serializers.metrics import MetricKeySerializer, MetricSerializer
from api.serializers.rooms import JoinedRoomSerializer, RoomKeySerializer, RoomSerializer
from api.streams import dashboards, rooms, samples_recorded, users
from tidewire import EVERYONE, Live, Touch, register


def message_key(message: Message) -> dict[str, Any]:
    """A deleted message keeps its row, which knows the time; a row that is gone altogether was deleted just now."""
    deleted_at = message.deleted_at or timezone.now()
    key = {"id": message.pk, "room": message.room_id, "deleted_at": deleted_at, "version": message.version}
    return dict(MessageKeySerializer(key).data)


register(
    Live(
        Room,
        stream=rooms.of("id"),
        serializer=RoomSerializer,
        # A new room has no subscriber: its maker hears of it as `room.joined`.
        updated="room.updated",
        deleted="room.deleted",
        key_schema=RoomKeySerializer,
        # A room that turns private loses its guests, one that is gone loses everybody.
        ends_access=lambda type, room: EVERYONE,
    ),
    Live(
        Member,
        stream=rooms.of("room_id"),
        serializer=MemberSerializer,
        queryset=lambda: Member.objects.select_related("user"),
        created="member.joined",
        updated="member.updated",
        deleted="member.left",
        key=lambda member: {"user": {"id": str(member.user_id)}},
        key_schema=MemberKeySerializer,
        ends_access=lambda type, member: str(member.user_id) if type == "member.left" else None,
    ),
    Live(
        Member,
        stream=users.of("user_id"),
        serializer=JoinedRoomSerializer,
        queryset=lambda: Member.objects.select_related("room"),
        created="room.joined",
        deleted="room.left",
        key=lambda member: {"id": str(member.room_id)},
        key_schema=RoomKeySerializer,
    ),
    Live(
        Message,
        stream=rooms.of("room_id"),
        serializer=MessageSerializer,
        queryset=Message.objects.whole,
        complete_new=lambda message: setattr(message, "named_reactions", []),
        created="message.created",
        updated="message.edited",
        deleted="message.deleted",
        is_deleted=lambda message: message.deleted_at is not None,
        key=message_key,
        key_schema=MessageKeySerializer,
    ),
    Touch(Reaction, parent="message", created="reaction.added", deleted="reaction.removed"),
    Live(
        Mention,
        stream=users.of("user_id"),
        serializer=MentionSerializer,
        queryset=lambda: Mention.objects.select_related("message"),
        created="mention.created",
    ),
    # For those who see how far others have read, and for one's own other devices. A marker ends with its membership.
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
    Live(
        Dashboard,
        stream=dashboards.of("id"),
        serializer=DashboardSerializer,
        updated="dashboard.updated",
        deleted="dashboard.deleted",
        key_schema=DashboardKeySerializer,
        ends_access=lambda type, dashboard: EVERYONE,
    ),
    Live(
        DashboardMember,
        stream=dashboards.of("dashboard_id"),
        serializer=MemberSerializer,
        queryset=lambda: DashboardMember.objects.select_related("user"),
        created="member.joined",
        updated="member.updated",
        deleted="member.left",
        key=lambda member: {"user": {"id": str(member.user_id)}},
        key_schema=MemberKeySerializer,
        ends_access=lambda type, member: str(member.user_id) if type == "member.left" else None,
    ),
    Live(
        DashboardMember,
        stream=users.of("user_id"),
        serializer=JoinedDashboardSerializer,
        queryset=lambda: DashboardMember.objects.select_related("dashboard"),
        created="dashboard.joined",
        deleted="dashboard.left",
        key=lambda member: {"id": str(member.dashboard_id)},
        key_schema=DashboardKeySerializer,
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
)
