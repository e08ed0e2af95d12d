"""Read markers."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone

from tidewire.models import LiveModel


class ReadMarker(LiveModel):
    """The last message of a room that a member has read. It is deleted with the membership.

    Room and user are columns of their own because they name the two streams of its events.
    """

    member = models.OneToOneField("api.Member", on_delete=models.CASCADE, related_name="marker")
    room = models.ForeignKey("api.Room", on_delete=models.CASCADE, related_name="markers", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="markers")
    message = models.ForeignKey("api.Message", on_delete=models.CASCADE, related_name="+")
    room_id: UUID
    user_id: UUID
    message_id: UUID
    at = models.DateTimeField(default=timezone.now)

    class Meta(LiveModel.Meta):
        indexes = [models.Index(fields=["room", "at", "id"], name="marker_by_time")]

    def __str__(self) -> str:
        return f"{self.user_id} up to {self.message_id}"
