"""What was answered to a write that may be sent again, so that it is done once and answered twice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections, models, router
from django.utils import timezone

KEEP = timedelta(hours=24)
PRUNE_BATCH = 500

_IDS = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class AnswerQuerySet(models.QuerySet):
    def old(self) -> AnswerQuerySet:
        """Those that are no longer kept for anybody."""
        return self.filter(created_at__lt=timezone.now() - KEEP)

    def forget(self, ids: Iterable[Any]) -> None:
        """Takes the bodies away in which any of these ids stand: of the thing itself, or its room, or its author."""
        named = AnswerName.objects.using(self.db).filter(object__in=list(ids)).values("answer")
        self.filter(pk__in=named).update(body=None)

    forget.alters_data = True

    def prune(self, limit: int = PRUNE_BATCH) -> int:
        """Deletes old answers, at most `limit` of them."""
        old = list(self.old().values_list("pk", flat=True)[:limit])
        return self.filter(pk__in=old).delete()[0] if old else 0

    prune.alters_data = True


class Answer(models.Model):
    """One write by one account, named by `digest`. Its row is made before the write and filled after it, in the same
    transaction: so whoever comes second waits for the first, and finds either the answer or nothing."""

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
        """A row of one's own, or None where somebody was first. Waits for a transaction that is about to be."""
        using = router.db_for_write(cls)
        connection, meta = connections[using], cls._meta
        table = connection.ops.quote_name(meta.db_table)
        row = cls(user_id=user_id, digest=digest, fingerprint=fingerprint)
        fields = [field for field in meta.concrete_fields if not field.primary_key]
        names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
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
        """`body` None is an answer that must not be kept. Who has just closed their account has no answers any more."""
        self.status, self.headers, self.body = status, headers, body
        if not Answer.objects.filter(pk=self.pk).update(status=status, headers=headers, body=body):
            return
        ids = {UUID(text.decode()) for text in _IDS.findall(body or b"")}
        AnswerName.objects.bulk_create(AnswerName(answer=self, object=id) for id in ids)


class AnswerName(models.Model):
    """An id that stands in an answer: when what it names is erased, so is the answer."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="names")
    object = models.UUIDField(db_index=True)

    def __str__(self) -> str:
        return f"{self.object} in {self.answer_id}"
