"""How many messages a room has had, so that what is unread is a subtraction, not a row per reader."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django.apps import apps
from django.db import connections, models

from realtime.last_steps import LastStep
from realtime.statements import run_with_next


class MessageCounter(models.Model):
    """One row for each room in which something was said. It only grows.

    Not a column of the room: whoever joins or renames should not wait for those who talk. Its lock is taken last of all
    but the streams', see `Numbering`.
    """

    room = models.OneToOneField("api.Room", on_delete=models.CASCADE, primary_key=True, related_name="counter")
    total = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.total} in {self.room_id}"

    @classmethod
    def total_of(cls, room_id: UUID, using: str) -> int:
        return cls.objects.using(using).filter(room=room_id).values_list("total", flat=True).first() or 0


@dataclass(frozen=True, slots=True)
class Numbering(LastStep):
    """A new message wants its room's next number: commit order, without a lock in the middle of a transaction."""

    message_id: UUID

    @classmethod
    def take(cls, steps: list[Self], using: str) -> None:
        """Two statements, however many messages and rooms. What was deleted meanwhile takes no number."""
        connection = connections[using]
        message = apps.get_model("api", "Message")._meta
        names = {"messages": message.db_table, "counters": MessageCounter._meta.db_table}
        names = {name: connection.ops.quote_name(table) for name, table in names.items()}
        new = _any_of([message.pk.get_db_prep_value(step.message_id, connection) for step in steps], connection.vendor)
        for statement in (_COUNT, _NUMBER):
            run_with_next(connection, statement.format(**names, new=new[0]), [new[1]])


# In the order of rooms: two writers never wait for each other in a circle.
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


def _any_of(values: Collection[Any], vendor: str) -> tuple[str, Any]:
    """A condition, and its one parameter, that holds for these values, however many."""
    if vendor == "postgresql":
        return "= ANY(%s)", list(values)
    return "IN (SELECT value FROM json_each(%s))", json.dumps(list(values))
