"""What was said. A deleted message keeps its row, without text, for `reply_to` and for the log."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from realtime.models import LiveModel


class Message(LiveModel):
    room = models.ForeignKey("api.Room", on_delete=models.CASCADE, related_name="messages", db_index=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="messages"
    )
    text = models.TextField(max_length=4000, blank=True, help_text="Empty once the message is deleted.")
    reply_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replies")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta(LiveModel.Meta):
        indexes = [models.Index(fields=["room", "created_at", "id"], name="message_by_time")]

    def __str__(self) -> str:
        return f"{self.pk} in {self.room_id}"

    def edit(self, text: str) -> None:
        self.text, self.edited_at = text, timezone.now()
        self.save(update_fields=["text", "edited_at"])

    def soft_delete(self) -> None:
        """Take the words away and keep the row: replies still point at it, and its id stays taken."""
        self.text, self.deleted_at = "", timezone.now()
        self.save(update_fields=["text", "deleted_at"])
