"""Stored answers of writes with an `Idempotency-Key`: a write that is sent again is answered from here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Self, cast

from django.db import connections, models, router
from django.utils import timezone

KEEP = timedelta(hours=24)
PRUNE_BATCH = 500
FORGET_BATCH = 990
"""How many names go into one statement: below SQLite's bound on variables."""

_IDS = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class AnswerQuerySet(models.QuerySet["Answer"]):
    def old(self) -> Self:
        """The answers that are older than KEEP."""
        return self.filter(created_at__lt=timezone.now() - KEEP)

    def forget(self, names: Iterable[str]) -> None:
        """Removes the bodies that show one of these objects: `app.model:key`, or a UUID that stands in the body."""
        names = list(names)
        for start in range(0, len(names), FORGET_BATCH):
            some = names[start : start + FORGET_BATCH]
            named = AnswerName.objects.using(self.db).filter(object__in=some).values("answer")
            self.filter(pk__in=named).update(body=None)

    def forget_account(self, account: str, most: int) -> int:
        """Deletes the answers to this account, and removes the bodies that show it: at most `most`. Returns how many
        there were."""
        own = list(self.filter(account=account).values_list("pk", flat=True)[:most])
        self.filter(pk__in=own).delete()
        named = AnswerName.objects.using(self.db).filter(object=account, answer__body__isnull=False)
        others = list(named.values_list("answer", flat=True)[: most - len(own)])
        self.filter(pk__in=others).update(body=None)
        return len(own) + len(others)

    def prune(self) -> int:
        """Deletes the old answers, and returns how many."""
        return sum(self.prune_in_batches())

    def prune_in_batches(self) -> Iterator[int]:
        """Deletes the old answers, PRUNE_BATCH at a time, and yields how many."""
        while old := list(self.old().values_list("pk", flat=True)[:PRUNE_BATCH]):
            self.filter(pk__in=old).delete()
            yield len(old)


class Answer(models.Model):
    """The answer of one write by one account, named by `digest`. `account` is the key of the user, as a text.

    The row is inserted before the write and filled after it, in the same transaction. A second request with the same
    key therefore waits for the first, and finds its answer or, after a rollback, nothing.
    """

    account = models.CharField(max_length=128)
    digest = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = cast(AnswerQuerySet, AnswerQuerySet.as_manager())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "digest"], name="answer_to_account")]

    def __str__(self) -> str:
        return f"{self.status} to {self.digest[:8]}"

    @classmethod
    def claim(cls, account: str, digest: str, fingerprint: str) -> Answer | None:
        """Inserts a row and returns it, or None when there is one. Waits for a transaction that is inserting it."""
        using = router.db_for_write(cls)
        connection, meta = connections[using], cls._meta
        table = connection.ops.quote_name(meta.db_table)
        row = cls(account=account, digest=digest, fingerprint=fingerprint)
        fields = [field for field in meta.concrete_fields if not field.primary_key]
        names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
        statement = (
            f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(fields))}) "
            f"ON CONFLICT (account, digest) DO NOTHING RETURNING id"
        )
        values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            found = cursor.fetchone()
        if found is None:
            return None
        row.pk, row._state.adding, row._state.db = found[0], False, using
        return row

    def fill(self, status: int, headers: dict[str, str], body: bytes | None, objects: Iterable[str] = ()) -> None:
        """Stores an answer. None as `body` is for an answer that must not be stored. `objects` are the names of what
        the write changed, `app.model:key`; ids that are UUIDs are found in the body as well.

        Does nothing when the row was deleted by the write itself, which happens when a user deletes their account.
        """
        self.status, self.headers, self.body = status, headers, body
        if not Answer.objects.filter(pk=self.pk).update(status=status, headers=headers, body=body):
            return
        names = {*objects, *(text.decode() for text in _IDS.findall(body or b""))} if body else set()
        AnswerName.objects.bulk_create(AnswerName(answer=self, object=name) for name in sorted(names))


class AnswerName(models.Model):
    """An object that an answer shows. When this object is erased, so is the body of the answer."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="names")
    answer_id: int
    object = models.CharField(max_length=128, db_index=True)

    def __str__(self) -> str:
        return f"{self.object} in {self.answer_id}"
