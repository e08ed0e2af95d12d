"""Reactions to messages: one emoji by one user."""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from api.models.emoji import MAX_STORED
from tidewire.models import LiveModel, LiveQuerySet

MAX_DISTINCT = 20
"""Different emoji on one message."""
MAX_NAMED = 50
"""Users listed per emoji. Its `count` includes the others."""


class ReactionQuerySet(LiveQuerySet["Reaction"]):
    def named(self) -> Self:
        """The first MAX_NAMED reactions of each emoji and message, in one query. Each row has the emoji's `total`."""
        same = [F("message"), F("emoji")]
        rows = self.annotate(
            place=Window(RowNumber(), partition_by=same, order_by=[F("created_at").asc(), F("id").asc()]),
            total=Window(Count("id"), partition_by=same),
        )
        return rows.filter(place__lte=MAX_NAMED).order_by("created_at", "id")


class Reaction(LiveModel):
    message = models.ForeignKey("api.Message", on_delete=models.CASCADE, related_name="reactions", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reactions")
    user_id: UUID
    emoji = models.CharField(max_length=MAX_STORED)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    total: int
    """Of rows of `named()`."""

    objects = ReactionQuerySet.as_manager()

    class Meta(LiveModel.Meta):
        constraints = [models.UniqueConstraint(fields=["message", "user", "emoji"], name="reaction_once")]

    def __str__(self) -> str:
        return f"{self.emoji} by {self.user_id}"


def tally_of(rows: list[tuple[str, str, int]]) -> list[dict[str, Any]]:
    """Returns what a message shows of its reactions, given as (emoji, user id, number of all users) in their order."""
    tally: dict[str, dict[str, Any]] = {}
    for emoji, user_id, total in rows:
        tally.setdefault(emoji, {"emoji": emoji, "count": total, "users": []})["users"].append(user_id)
    return list(tally.values())
