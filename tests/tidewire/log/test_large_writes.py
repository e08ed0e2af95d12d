"""Writes of many rows: the statements grow by batches only, and rows are serialised before any stream is locked.

The seconds are recorded, not asserted: machines differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.models import Message, Room
from tests.factories import make_room, make_user
from tests.rig.verify import IS_VERIFY, figure
from tests.tidewire.liveapp.models import Board, Item, Label
from tidewire.log import building, event_log
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)

MESSAGES = f'"{Message._meta.db_table}"'
SIZE = 10_000 if IS_VERIFY else 2_000


class Watch:
    """Counts the statements of a write, and keeps those that are run while streams are locked."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._before: list[int] = []
        began = perf_counter()
        with pytest.MonkeyPatch.context() as patch, CaptureQueriesContext(connection) as captured:
            for name in ("_advance", "_append"):
                patch.setattr(event_log, name, self._noting(getattr(event_log, name), captured))
            act()
        ended = perf_counter()
        self.count = len(captured)
        self.while_locked = [query["sql"] for query in captured.captured_queries[self._before[0] + 1 :]]
        self.seconds, self.lock_seconds = ended - began, ended - self._locked_at

    def _noting(self, lock: Callable[..., Any], captured: CaptureQueriesContext) -> Callable[..., Any]:
        """Returns `lock`, which locks the streams; notes when it begins."""

        def noting(*args: Any) -> Any:
            self._before.append(len(captured))
            self._locked_at = perf_counter()
            return lock(*args)

        return noting


def make_rooms(size: int) -> list[Room]:
    """Makes two rooms with half of the messages each."""
    alice = make_user()
    rooms = [make_room(alice), make_room(alice)]
    for room in rooms:
        Message.objects.bulk_create(Message(room=room, author=alice, text="text") for _ in range(size // 2))
    return rooms


def update(rooms: list[Room]) -> None:
    Message.objects.filter(room__in=rooms).update(text="another text")


def erase(rooms: list[Room]) -> None:
    Message.objects.filter(room__in=rooms).soft_delete()


def delete(rooms: list[Room]) -> None:
    Message.objects.filter(room__in=rooms).delete()


def cascade(rooms: list[Room]) -> None:
    Room.objects.filter(pk__in=[room.pk for room in rooms]).delete()


WRITES = {"update()": update, "soft_delete()": erase, "delete()": delete, "a cascade": cascade}


@pytest.mark.parametrize("name", WRITES)
def test_statements_grow_by_batches_and_rows_are_read_before_the_lock(name):
    made = [make_rooms(size) for size in (1000, 2000, SIZE)]
    small, twice, large = (Watch(partial(WRITES[name], rooms)) for rooms in made)
    per_thousand = twice.count - small.count
    # For each 500 rows: read, written, read again with what belongs to them, erased. For each 99 events on SQLite, and
    # 1,000 on PostgreSQL: inserted.
    assert per_thousand <= (40 if connection.vendor == "sqlite" else 30)
    assert large.count <= small.count + per_thousand * (SIZE / 1000 - 1) * 1.1
    assert [sql for sql in large.while_locked if MESSAGES in sql] == []
    figure(
        f"{SIZE:,} rows in two streams by {name} ({connection.vendor}): {large.seconds:.1f} s, and the streams are "
        f"locked for {large.lock_seconds:.2f} s of them; {large.count} statements"
    )


def test_events_keep_their_order_over_the_batches(monkeypatch):
    monkeypatch.setattr(event_log, "BATCH", 7)
    monkeypatch.setattr(event_log, "DATA_KEPT", 7)
    monkeypatch.setattr(building, "ROWS_AT_ONCE", 5)
    rooms = make_rooms(40)
    update(rooms)
    for room in rooms:
        events = Event.objects.filter(stream__name=f"room:{room.pk}").order_by("offset")
        assert list(events.values_list("offset", flat=True)) == list(range(1, 42))
        shown = [json.loads(row.payload)["data"] for row in events if row.type == "message.edited"]
        assert [data["id"] for data in shown] == sorted(str(pk) for pk in room.messages.values_list("pk", flat=True))
        assert {data["text"] for data in shown} == {"another text"}


# -- many-to-many relations ------------------------------------------------------------------------------------------


def make_items(size: int) -> tuple[Board, list[Label]]:
    """Makes a board of so many items, each with a label of its own and a link to the next item."""
    board = Board.objects.create(name="board")
    items = Item.objects.bulk_create(Item(board=board, title="item") for _ in range(size))
    labels = Label.objects.bulk_create(Label(name="label") for _ in range(size))
    Item.labels.through.objects.bulk_create(
        Item.labels.through(item=item, label=label) for item, label in zip(items, labels, strict=True)
    )
    links: Any = Item.links.through
    links.objects.bulk_create(
        links(from_item=one, to_item=other) for one, other in zip(items, [*items[1:], items[0]], strict=True)
    )
    return board, labels


CASCADES: dict[str, Callable[[Board, list[Label]], object]] = {
    "its items": lambda board, labels: Item.objects.filter(board=board).delete(),
    "the board": lambda board, labels: board.delete(),
    "their labels": lambda board, labels: Label.objects.filter(pk__in=[label.pk for label in labels]).delete(),
}


@pytest.mark.parametrize("name", CASCADES)
def test_a_cascade_over_relations_reads_no_row_by_itself(name):
    made = [make_items(size) for size in (100, 200, 300)]
    counts = [Watch(partial(CASCADES[name], board, labels)).count for board, labels in made]
    assert counts[2] - counts[0] < 60, counts
