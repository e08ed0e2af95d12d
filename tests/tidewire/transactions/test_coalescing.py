"""All changes of one row in one transaction are one event, with the row's final state."""

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tests.tidewire.event_rows import Row, logged
from tests.tidewire.liveapp.models import Board, Item, Vote
from tidewire.ground.actors import Actor, acting_as
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)


def row(type: str, item: Item, version: int | None, board: Board | None = None) -> Row:
    return f"board:{(board or item.board).pk}", type, str(item.pk), version


def test_a_thousand_saves_are_one_event(item):
    with logged() as events, transaction.atomic():
        for _ in range(1000):
            item.save(update_fields=["title"])
    assert events == [row("item.changed", item, 1001)]


def test_saves_on_all_write_paths_together_are_one_event(item):
    with logged() as events, transaction.atomic():
        item.save()
        Item.objects.update(rank=F("rank") + 1)
        Item.objects.bulk_update([item], ["title"])
        Item.objects.filter(pk=item.pk).touch()
    assert events == [row("item.changed", item, 5)]


def test_created_and_saved_is_created(board):
    with logged() as events, transaction.atomic():
        item = Item.objects.create(board=board, title="new")
        item.save()
    assert events == [row("item.created", item, 2)]


def test_created_and_deleted_is_nothing(board):
    with logged() as events, transaction.atomic():
        item = Item.objects.create(board=board, title="new")
        item.save()
        item.delete()
    assert events == []


def test_saved_and_deleted_is_deleted(item):
    with logged() as events, transaction.atomic():
        expected = [row("item.deleted", item, None)]
        item.save()
        item.delete()
    assert events == expected


def test_deleted_and_created_again_is_both(item, board):
    again = Item(pk=item.pk, board=board, title="again")
    with logged() as events, transaction.atomic():
        item.delete()
        again.save()
    assert events == [row("item.deleted", again, None), row("item.created", again, 1)]


def test_created_deleted_and_created_again_is_created(board):
    item = Item(board=board, title="new")
    again = Item(pk=item.pk, board=board, title="again")
    with logged() as events, transaction.atomic():
        item.save()
        item.delete()
        again.save()
    assert events == [row("item.created", again, 1)]


def test_created_and_moved_is_created_where_it_ended(board, other_board):
    with logged() as events, transaction.atomic():
        item = Item.objects.create(board=board, title="new")
        item.board = other_board
        item.save()
    assert events == [row("item.created", item, 2, other_board)]


def test_moved_twice_leaves_where_it_was_and_enters_where_it_ends(item, board, other_board):
    third = Board.objects.create(name="third")
    with logged() as events, transaction.atomic():
        for place in (other_board, third):
            item.board = place
            item.save()
    assert events == [row("item.deleted", item, None, board), row("item.created", item, 3, third)]


def test_moved_and_deleted_is_deleted_where_it_was(item, board, other_board):
    with logged() as events, transaction.atomic():
        expected = [row("item.deleted", item, None, board)]
        Item.objects.update(board=other_board)
        item.delete()
    assert events == expected


def test_moved_and_archived_is_deleted_where_it_was(item, board, other_board):
    with logged() as events, transaction.atomic():
        Item.objects.update(board=other_board)
        Item.objects.update(archived_at=timezone.now())
    assert events == [row("item.deleted", item, None, board)]


def test_archived_and_brought_back_is_changed(item):
    with logged() as events, transaction.atomic():
        Item.objects.update(archived_at=timezone.now())
        Item.objects.update(archived_at=None)
    assert events == [row("item.changed", item, 3)]


def test_archived_and_deleted_is_deleted_once(item):
    with logged() as events, transaction.atomic():
        expected = [row("item.deleted", item, None)]
        Item.objects.update(archived_at=timezone.now())
        item.delete()
    assert events == expected


def test_each_intent_is_an_event_with_the_final_state(item):
    with logged() as events, transaction.atomic():
        votes = [Vote.objects.create(item=item) for _ in range(3)]
        votes[0].delete()
        item.save()
    assert events == [row(type, item, 6) for type in ("vote.added", "vote.removed", "item.changed")]


def test_events_have_the_order_in_which_rows_were_first_touched(board):
    with logged() as events, transaction.atomic():
        one, two = (Item.objects.create(board=board, title=title) for title in ("one", "two"))
        board.save()
        one.save()
    assert events == [
        row("item.created", one, 2),
        row("item.created", two, 1),
        (f"board:{board.pk}", "board.changed", str(board.pk), 2),
    ]


def test_the_actor_is_that_of_the_first_change(item):
    with transaction.atomic():
        with acting_as(Actor("user", "alice")):
            item.save()
        with acting_as(Actor("user", "bob")):
            item.save()
    assert Event.objects.get(type="item.changed").actor == "alice"
