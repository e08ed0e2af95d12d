"""The tables of pending jobs, and of chores."""

from __future__ import annotations

from django.db import models


class Job(models.Model):
    """Work that is left to do. The row is deleted with the last slice, in the same transaction.

    `progress` is what the kind's own code needs to go on. The job that has waited longest (`due_at`) gets the next
    slice.
    """

    kind = models.CharField(max_length=64)
    subject = models.CharField(max_length=128)
    progress = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="job_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject}"


class Chore(models.Model):
    """When a chore is due next, for all processes together; when it was done last, and the rows that it has deleted."""

    name = models.CharField(max_length=64, primary_key=True)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField()
    deleted = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name
