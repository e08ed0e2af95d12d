"""Members of rooms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models, router
from django.utils import timezone

from api.models import ownership
from api.models.counters import MessageCounter
from api.models.markers import ReadMarker
from api.models.memberships import Membership
from api.models.messages import Message
from tidewire.rest.conflicts import Conflict


class Member(Membership):
    """A user in a room."""

    resource_field, related_to_user = "room", "memberships"

    room = models.ForeignKey("api.Room", on_delete=models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    room_id: UUID
    read_from = models.BigIntegerField(editable=False, help_text="How many messages were there when they joined.")

    class Meta(Membership.Meta):
        indexes = [models.Index(fields=["room", "joined_at", "id"], name="member_by_time")]
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="member_once_per_room")]

    def save(self, **kwargs: Any) -> None:
        """As Django's. Messages that are older than the membership do not count as unread."""
        if self._state.adding and self.read_from is None:
            using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
            self.read_from = MessageCounter.total_of(self.room_id, using)
        super().save(**kwargs)

    def change_role(self, role: str) -> None:
        """As a membership's. Raises Conflict also for a service account that would own a room."""
        if role == self.Role.OWNER and self.user.is_service:
            raise Conflict("service_account", "A program owns no room.")
        super().change_role(role)

    def leave(self) -> None:
        """As a membership's. Raises Conflict also in a direct room."""
        if self.room.has_fixed_members:
            raise Conflict("direct_room", "A direct room keeps its two people.")
        super().leave()

    def mark_read(self, message: Message) -> ReadMarker:
        """Moves the member's read marker to a message of the room, and returns it. It never moves back.

        Call it with the membership locked, so that no other transaction moves the marker now.
        """
        marker = ReadMarker.objects.select_related("message").filter(member=self).first()
        if marker is None:
            return ReadMarker.objects.create(member=self, room_id=self.room_id, user_id=self.user_id, message=message)
        if marker.message.number < message.number:
            marker.message, marker.at = message, timezone.now()
            marker.save(update_fields=["message", "at"])
        return marker


ownership.connect(Member)
