"""Stored answers of writes with an `Idempotency-Key`: a write that is sent again is answered from here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import connections, models, router
from django.utils import timezone

from api.models.querysets import RowQuerySet

KEEP = timedelta(hours=24)
PRUNE_BATCH = 500
FORGET_BATCH = 500
"""How many ids go into one statement: below SQLite's bound on variables."""

_IDS = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class AnswerQuerySet(RowQuerySet["Answer"]):
    def old(self) -> Self:
        """The answers that are older than KEEP."""
        return self.filter(created_at__lt=timezone.now() - KEEP)

    def forget(self, ids: Iterable[Any]) -> None:
        """Removes the bodies that contain one of these ids, as the id of the resource, its room or its author."""
        ids = list(ids)
        for start in range(0, len(ids), FORGET_BATCH):
            some = ids[start : start + FORGET_BATCH]
            named = AnswerName.objects.using(self.db).filter(object__in=some).values("answer")
            self.filter(pk__in=named).update(body=None)

    def prune(self, limit: int = PRUNE_BATCH) -> int:
        """Deletes at most `limit` old answers, and returns how many."""
        old = list(self.old().values_list("pk", flat=True)[:limit])
        return self.filter(pk__in=old).delete()[0] if old else 0


class Answer(models.Model):
    """The answer of one write by one account, named by `digest`.

    The row is inserted before the write and filled after it, in the same transaction. A second request with the same
    key therefore waits for the first, and finds its answer or, after a rollback, nothing.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    digest = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = AnswerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="answer_once")]

    def __str__(self) -> str:
        return f"{self.status} to {self.digest[:8]}"

    @classmethod
    def claim(cls, user_id: UUID, digest: str, fingerprint: str) -> Answer | None:
        """Inserts a row and returns it, or None when there is one. Waits for a transaction that is inserting it."""
        using = router.db_for_write(cls)
        connection, meta = connections[using], cls._meta
        table = connection.ops.quote_name(meta.db_table)
        row = cls(user_id=user_id, digest=digest, fingerprint=fingerprint)
        fields = [field for field in meta.concrete_fields if not field.primary_key]
        names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
        statement = (
            f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(fields))}) "
            f"ON CONFLICT (user_id, digest) DO NOTHING RETURNING id"
        )
        values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            found = cursor.fetchone()
        if found is None:
            return None
        row.pk, row._state.adding, row._state.db = found[0], False, using
        return row

    def fill(self, status: int, headers: dict[str, str], body: bytes | None) -> None:
        """Stores an answer. None as `body` is for an answer that must not be stored.

        Does nothing when the row was deleted by the write itself, which happens when a user deletes their account.
        """
        self.status, self.headers, self.body = status, headers, body
        if not Answer.objects.filter(pk=self.pk).update(status=status, headers=headers, body=body):
            return
        ids = {UUID(text.decode()) for text in _IDS.findall(body or b"")}
        AnswerName.objects.bulk_create(AnswerName(answer=self, object=id) for id in ids)


class AnswerName(models.Model):
    """An id that an answer contains. When the object of this id is erased, so is the body of the answer."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="names")
    answer_id: int
    object = models.UUIDField(db_index=True)

    def __str__(self) -> str:
        return f"{self.object} in {self.answer_id}"
