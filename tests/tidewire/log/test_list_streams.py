"""One model in two streams with the same event types: its own, which ends with it, and a list's, which goes on."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

import pytest
from django.db import transaction

from tests.tidewire.event_rows import logged
from tests.tidewire.liveapp.declarations import BoardSerializer, boards
from tests.tidewire.liveapp.models import Board
from tidewire.declare.kinds import StreamKind
from tidewire.declare.live import Live
from tidewire.declare.registry import registry
from tidewire.log.tables import Event

lists = StreamKind("board_list", may_subscribe=lambda user_id, keys: set(keys), keeps_access=True)
TYPES = {"created": "board.created", "updated": "board.changed", "deleted": "board.deleted"}


@pytest.fixture(autouse=True)
def _declared(transactional_db) -> Iterator[None]:
    names = ("kinds", "lives", "deletions", "stream_ends")
    before = {name: copy(getattr(registry, name)) for name in names}
    registry.lives = [live for live in registry.lives if live.model is not Board]
    for stream in (boards.of("id"), lists.of("name")):
        registry.add(Live(Board, stream=stream, serializer=BoardSerializer, **TYPES))
    yield
    for name, value in before.items():
        setattr(registry, name, value)


def types_of(stream: str) -> list[str]:
    rows = Event.objects.filter(stream__name=stream).order_by("offset")
    return [f"{row.type} {row.object.rpartition(':')[2]}" for row in rows]


def test_the_end_of_one_row_leaves_the_other_events_of_a_list():
    kept, gone = (Board.objects.create(name="mine") for _ in range(2))
    keys = str(kept.pk), str(gone.pk)
    gone.delete()
    assert types_of(lists("mine")) == [
        f"board.created {keys[0]}",
        f"board.deleted {keys[1]}",  # erased: it was the creation
        f"board.deleted {keys[1]}",
    ]
    assert types_of(boards(keys[1])) == [f"board.deleted {keys[1]}"] * 2


def test_what_else_happens_in_a_list_is_recorded_beside_a_deletion():
    gone = Board.objects.create(name="mine")
    key = str(gone.pk)
    with logged() as events, transaction.atomic():
        new = Board.objects.create(name="mine")
        gone.delete()
    assert {(stream.partition(":")[0], type) for stream, type, _, _ in events} == {
        ("board", "board.created"),
        ("board", "board.deleted"),
        ("board_list", "board.created"),
        ("board_list", "board.deleted"),
    }
    assert types_of(lists("mine"))[1:] == [f"board.created {new.pk}", f"board.deleted {key}"]
