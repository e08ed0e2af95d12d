"""`record_now`, in a test whose transaction never commits."""

import pytest

from tests.tidewire.liveapp.models import Board, Item
from tidewire.log.tables import Event
from tidewire.testing import record_now

pytestmark = pytest.mark.django_db


def test_it_returns_the_events_noted_since_the_last_call():
    board = Board.objects.create(name="board")
    item = Item.objects.create(board=board, title="new")
    assert [(event.type, event.offset) for event in record_now()] == [("board.created", 1), ("item.created", 2)]
    item.save()
    assert [(event.type, event.offset) for event in record_now()] == [("item.changed", 3)]
    assert record_now() == []


def test_the_events_are_in_the_log():
    Board.objects.create(name="board")
    (event,) = record_now()
    assert Event.objects.get(pk=event.id).payload == event.payload
