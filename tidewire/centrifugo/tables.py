"""The tables of the relay to Centrifugo."""

from __future__ import annotations

from django.db import models


class EdgeSubscription(models.Model):
    """A subscription that a node of Centrifugo has asked about and may have made.

    It is written before the access is checked, so the relay, which reads it after an event that ends the access, knows
    of each subscription that was allowed before that event. `session` is the id by which a revocation names it.
    """

    client = models.CharField(max_length=64)
    stream = models.CharField(max_length=100)
    user = models.CharField(max_length=64)
    session = models.CharField(max_length=64)
    asked_at = models.DateTimeField(db_index=True)  # by the database's clock

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "stream"], name="edge_subscription_unique")]
        indexes = [
            models.Index(fields=["stream", "user"], name="edge_subscription_reader"),
            models.Index(fields=["session"], name="edge_subscription_session"),
        ]

    def __str__(self) -> str:
        return f"{self.client} on {self.stream}"


class EdgePosition(models.Model):
    """How far the relay has carried out a stream, which is the revocation log. Streams that clients read have their
    positions in Centrifugo's own tables."""

    stream = models.CharField(max_length=100, primary_key=True)
    epoch = models.CharField(max_length=32)
    offset = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"{self.stream} @ {self.offset}"


class EdgeMessage(models.Model):
    """An ephemeral message for the clients at nodes, which is kept for a minute. `is_copied` when the relay has handed
    it to them, or has found it too late for that."""

    stream = models.CharField(max_length=100)
    client = models.CharField(max_length=64)
    user = models.CharField(max_length=64)
    data = models.TextField()
    at = models.DateTimeField(db_index=True)  # by the database's clock
    is_copied = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=models.Q(is_copied=False), name="edge_message_waiting"),
            models.Index(fields=["client", "at"], name="edge_message_client"),
            models.Index(fields=["user"], name="edge_message_user"),
        ]

    def __str__(self) -> str:
        return f"{self.client} in {self.stream}"
