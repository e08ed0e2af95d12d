"""Message counters of rooms. The unread count is a subtraction of numbers instead of a row per reader."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Self
from uuid import UUID

from django.apps import apps
from django.db import connections, models

from tidewire import PreCommitStep, PreparedStatement


class MessageCounter(models.Model):
    """How many messages a room has had, deleted ones included. A room without messages has no row.

    It is not a column of the room, because a transaction that joins or renames the room should not wait for those that
    write messages. Only the locks of the streams are taken after its own, see `MessageNumbering`.
    """

    room = models.OneToOneField("api.Room", on_delete=models.CASCADE, primary_key=True, related_name="counter")
    room_id: UUID
    total = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.total} in {self.room_id}"

    @classmethod
    def total_of(cls, room_id: UUID, using: str) -> int:
        return cls.objects.using(using).filter(room=room_id).values_list("total", flat=True).first() or 0


@dataclass(frozen=True, slots=True)
class MessageNumbering(PreCommitStep):
    """Gives a new message the next number of its room just before COMMIT, so that numbers follow the commit order."""

    message_id: UUID

    @classmethod
    def run(cls, steps: list[Self], using: str) -> None:
        """Two statements, however many messages and rooms. A row that was deleted in the transaction gets no number."""
        connection = connections[using]
        key = apps.get_model("api", "Message")._meta.pk
        new = [key.get_db_prep_value(step.message_id, connection) for step in steps]
        for text in (_COUNT, _NUMBER):
            _statement(text, connection.vendor).run_with_next(connection, [_array(new, connection.vendor)])


# In the order of rooms, so that two writers cannot deadlock.
_COUNT = """INSERT INTO {counters} (room_id, total)
SELECT room_id, COUNT(*) FROM {messages} WHERE id {new} AND number IS NULL GROUP BY room_id ORDER BY room_id
ON CONFLICT (room_id) DO UPDATE SET total = {counters}.total + EXCLUDED.total
"""

_NUMBER = """UPDATE {messages} SET number = {counters}.total - later.n
FROM {counters}, (
    SELECT id, ROW_NUMBER() OVER (PARTITION BY room_id ORDER BY created_at DESC, id DESC) - 1 AS n
    FROM {messages} WHERE id {new} AND number IS NULL
) AS later
WHERE {messages}.id = later.id AND {counters}.room_id = {messages}.room_id
"""


@cache
def _statement(text: str, vendor: str) -> PreparedStatement:
    tables = {"messages": apps.get_model("api", "Message"), "counters": MessageCounter}
    names = {name: f'"{model._meta.db_table}"' for name, model in tables.items()}
    return PreparedStatement(text.format(**names, new=_IN[vendor]), types=["uuid[]"])


# A condition with one parameter that holds any number of values.
_IN = {"postgresql": "= ANY(%s)", "sqlite": "IN (SELECT value FROM json_each(%s))"}


def _array(values: list[Any], vendor: str) -> Any:
    return values if vendor == "postgresql" else json.dumps(values)
