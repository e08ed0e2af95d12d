"""Where people talk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from tidewire.models import LiveModel


class Room(LiveModel):
    class Kind(models.TextChoices):
        PUBLIC = "public"
        PRIVATE = "private"
        DIRECT = "direct"

    name = models.CharField(max_length=100, blank=True, help_text="Empty in direct rooms only.")
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.PRIVATE)
    direct_key = models.CharField(max_length=65, unique=True, null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(LiveModel.Meta):
        indexes = [models.Index(fields=["created_at", "id"], name="room_by_time")]
        constraints = [
            # The two people of a direct room name it, so the database itself cannot hold it twice.
            models.CheckConstraint(
                condition=models.Q(kind="direct", direct_key__isnull=False)
                | (~models.Q(kind="direct") & models.Q(direct_key__isnull=True)),
                name="room_direct_key_iff_direct",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.kind} {self.pk}"

    def delete(self, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Who writes holds a membership: with all of them locked nothing is added to what is about to be deleted."""
        with transaction.atomic():
            list(self.members.select_for_update(no_key=True).order_by("pk").values_list("pk"))
            return super().delete(**kwargs)

    delete.alters_data = True


def direct_key(one: UUID, other: UUID) -> str:
    """The same key whoever of the two asks."""
    return ":".join(sorted((one.hex, other.hex)))
