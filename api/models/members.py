"""Who is in a room, and as what."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models, router
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.utils import timezone

from api.models.conflicts import Conflict
from api.models.counters import MessageCounter
from tidewire.models import LiveModel


class Member(LiveModel):
    class Role(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        MEMBER = "member"

    room = models.ForeignKey("api.Room", on_delete=models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=6, choices=Role.choices, default=Role.MEMBER)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    read_from = models.BigIntegerField(editable=False, help_text="How many messages were there when they joined.")

    class Meta(LiveModel.Meta):
        indexes = [models.Index(fields=["room", "joined_at", "id"], name="member_by_time")]
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="member_once_per_room")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.room_id} ({self.role})"

    def save(self, **kwargs: Any) -> None:
        """What was said before somebody came is not unread."""
        if self._state.adding and self.read_from is None:
            using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
            self.read_from = MessageCounter.total_of(self.room_id, using)
        super().save(**kwargs)

    save.alters_data = True

    # The changes below count the owners: call them with the room locked.

    def take_role(self, role: str) -> None:
        if role != self.Role.OWNER:
            self._keep_an_owner()
        elif self.user.is_service:
            raise Conflict("service_account", "A program owns no room.")
        self.role = role
        self.save(update_fields=["role"])

    def hand_over(self, heir: Member) -> None:
        """The owner of a room makes another member its owner, and goes on as an admin."""
        heir.take_role(self.Role.OWNER)
        self.take_role(self.Role.ADMIN)

    def leave(self) -> None:
        if self.room.kind == self.room.Kind.DIRECT:
            raise Conflict("direct_room", "A direct room keeps its two people.")
        self._keep_an_owner()
        self.delete()

    def _keep_an_owner(self) -> None:
        owners = Member.objects.filter(room=self.room_id, role=self.Role.OWNER)
        if self.role == self.Role.OWNER and not owners.exclude(pk=self.pk).exists():
            raise Conflict("last_owner", "A room keeps at least one owner.")


@receiver(pre_save, sender=settings.AUTH_USER_MODEL)
def on_rename(instance: Any, using: str, update_fields: Any, **kwargs: Any) -> None:
    """A member is shown by name, so a new name changes each of that person's memberships: one event per room, however
    many people are in it. What they said shows the new name when it is read next."""
    if not instance._state.adding and (update_fields is None or "name" in update_fields):
        Member.objects.using(using).filter(user=instance.pk).exclude(user__name=instance.name).touch()
