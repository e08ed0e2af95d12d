"""Who is in a room, and as what."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from api.models.conflicts import Conflict
from realtime.models import LiveModel


class Member(LiveModel):
    class Role(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        MEMBER = "member"

    room = models.ForeignKey("api.Room", on_delete=models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=6, choices=Role.choices, default=Role.MEMBER)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(LiveModel.Meta):
        indexes = [models.Index(fields=["room", "joined_at", "id"], name="member_by_time")]
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="member_once_per_room")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.room_id} ({self.role})"

    # The two changes below count the owners: call them with the room locked.

    def take_role(self, role: str) -> None:
        if role != self.Role.OWNER:
            self._keep_an_owner()
        self.role = role
        self.save(update_fields=["role"])

    def leave(self) -> None:
        if self.room.kind == self.room.Kind.DIRECT:
            raise Conflict("direct_room", "A direct room keeps its two people.")
        self._keep_an_owner()
        self.delete()

    def _keep_an_owner(self) -> None:
        owners = Member.objects.filter(room=self.room_id, role=self.Role.OWNER)
        if self.role == self.Role.OWNER and not owners.exclude(pk=self.pk).exists():
            raise Conflict("last_owner", "A room keeps at least one owner.")
