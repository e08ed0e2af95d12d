"""The tables of the logbook."""

from __future__ import annotations

from django.db import models


class LoggedProcess(models.Model):
    """A server process, as it last wrote. One that was killed has no `ended_at`, and `seen_at` grows old."""

    id = models.CharField(max_length=36, primary_key=True)
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)
    connections = models.PositiveIntegerField(default=0)
    is_deaf = models.BooleanField(default=False)
    poll_age = models.FloatField(default=0)
    dropped = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "process"
        verbose_name_plural = "processes"

    def __str__(self) -> str:
        return f"{self.host} {self.pid}"


class LoggedConnection(models.Model):
    """A connection of an identified user, open or ended, as its process last wrote it.

    `streams` holds its subscriptions, see StreamSeen. `code` is 0 where the client left without one.
    """

    id = models.CharField(max_length=36, primary_key=True)
    process = models.CharField(max_length=36)
    user = models.CharField(max_length=64)
    session = models.CharField(max_length=64)
    address = models.CharField(max_length=64)
    device = models.CharField(max_length=300)
    door = models.CharField(max_length=32)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, db_index=True)
    code = models.PositiveIntegerField(null=True)
    unread = models.PositiveIntegerField(default=0)
    streams = models.JSONField(default=list)

    class Meta:
        verbose_name = "connection"
        indexes = [models.Index(fields=["user", "opened_at"], name="connections_of_user")]

    def __str__(self) -> str:
        return f"{self.user} {self.door}"
