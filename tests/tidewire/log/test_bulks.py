"""The events of one transaction are found in the log, where they are very many."""

from __future__ import annotations

import pytest
from django.db import transaction

from tests.tidewire.liveapp.models import Board, Item
from tidewire.declare.live import EVERYONE
from tidewire.ground.positions import Bulk
from tidewire.log.bulks import last_bulk
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)
MOST = 5


def add(board: Board, count: int) -> None:
    Item.objects.bulk_create(Item(board=board, title=f"{number}") for number in range(count))


def stream(board: Board) -> str:
    return f"board:{board.pk}"


def test_the_events_of_a_transaction_share_their_time(board):
    with transaction.atomic():
        add(board, 2)
        Item.objects.create(board=board, title="another")
    add(board, 1)
    times = list(Event.objects.filter(stream__name=stream(board), offset__gt=1).values_list("at", flat=True))
    assert len(times) == 4
    assert [times.count(time) for time in times] == [3, 3, 3, 1]


def test_it_is_found_between_small_ones(board):
    add(board, 3)
    add(board, 6)
    add(board, 5)
    assert last_bulk(stream(board), 0, MOST) == Bulk(5, 10)
    assert last_bulk(stream(board), 4, MOST) == Bulk(5, 10)
    for after in (5, 10, 100):
        assert last_bulk(stream(board), after, MOST) is None


def test_many_small_transactions_are_none(board):
    for _ in range(4):
        add(board, MOST)
    assert last_bulk(stream(board), 0, MOST) is None


def test_of_several_the_last_counts(board):
    add(board, 7)
    add(board, 6)
    assert last_bulk(stream(board), 0, MOST) == Bulk(9, 14)
    assert last_bulk(stream(board), 0, 6) == Bulk(2, 8)


def test_it_says_what_it_ends_and_which_revocations_come_first(board):
    add(board, 6)
    events = Event.objects.filter(stream__name=stream(board))
    events.filter(offset=1).update(ends_access=EVERYONE, revocation_offset=3)
    events.filter(offset=4).update(ends_access="7", revocation_offset=9)
    assert last_bulk(stream(board), 0, MOST) == Bulk(2, 7, frozenset({EVERYONE, "7"}), 9)
    assert last_bulk(stream(board), 1, MOST) == Bulk(2, 7, frozenset({"7"}), 9)


def test_other_streams_and_absent_ones_do_not_count(board, other_board):
    add(other_board, 9)
    assert last_bulk(stream(board), 0, MOST) is None
    assert last_bulk("board:none", 0, MOST) is None
