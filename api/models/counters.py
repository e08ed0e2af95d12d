"""How many messages a room has had, so that what is unread is a subtraction, not a row per reader."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connections, models


class MessageCounter(models.Model):
    """One row for each room in which something was said. It only grows.

    Not a column of the room: the row is locked from here to COMMIT, and whoever joins or renames should not wait for
    those who talk. Locks are taken in the order room, member, message, counter, streams.
    """

    room = models.OneToOneField("api.Room", on_delete=models.CASCADE, primary_key=True, related_name="counter")
    total = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.total} in {self.room_id}"

    @classmethod
    def take(cls, room_id: UUID, using: str, count: int = 1) -> int:
        """The number of the first of the room's next `count` messages. One statement, inside the transaction."""
        connection = connections[using]
        table = connection.ops.quote_name(cls._meta.db_table)
        statement = (
            f"INSERT INTO {table} (room_id, total) VALUES (%s, %s) "
            f"ON CONFLICT (room_id) DO UPDATE SET total = {table}.total + EXCLUDED.total RETURNING total"
        )
        key: Any = cls._meta.pk.get_db_prep_value(room_id, connection)
        with connection.cursor() as cursor:
            cursor.execute(statement, [key, count])
            return cursor.fetchone()[0] - count + 1

    @classmethod
    def total_of(cls, room_id: UUID, using: str) -> int:
        return cls.objects.using(using).filter(room=room_id).values_list("total", flat=True).first() or 0
