"""A compiled query answers as the ORM does."""

import uuid

import pytest
from django.db.models import F

from tests.tidewire.liveapp.models import Board, Item, Owner
from tidewire.queries.prepared_query import PreparedQuery

QUERIES = [
    lambda pk: Item.objects.filter(pk=pk),
    lambda pk: Item.objects.select_related("board", "owner").filter(pk=pk),
    lambda pk: Item.objects.annotate(twice=F("rank") * 2).filter(pk=pk, title="item"),
    lambda pk: Item.objects.filter(pk__in=[pk]).order_by("title", "pk"),
]


def seen(item: Item) -> dict:
    related = {name: getattr(item, name) for name in item._state.fields_cache}
    return {**{name: value for name, value in vars(item).items() if name != "_state"}, **related}


@pytest.mark.parametrize("build", QUERIES)
def test_it_finds_what_the_orm_finds(build, board, django_assert_num_queries):
    items = [Item.objects.create(board=board, title="item", owner=Owner.objects.create(name="o")) for _ in range(3)]
    compiled = PreparedQuery(build)
    for item in [*items, items[0]]:
        with django_assert_num_queries(1):
            (found,) = compiled.all("default", item.pk)
        assert seen(found) == seen(build(item.pk).get())
    assert compiled.all("default", uuid.uuid4()) == []


def test_several_keys_keep_their_places(board, other_board):
    item = Item.objects.create(board=board, title="item")
    compiled = PreparedQuery(lambda board_id, pk: Item.objects.filter(board=board_id, pk=pk))
    assert compiled.all("default", board.pk, item.pk) == [item]
    assert compiled.all("default", other_board.pk, item.pk) == []


def test_many_rows(board):
    items = [Item.objects.create(board=board, title=str(number)) for number in range(5)]
    compiled = PreparedQuery(lambda pk: Item.objects.filter(board=pk).order_by("title"))
    assert compiled.all("default", board.pk) == items


def test_it_shows_the_row_as_it_is_now(board):
    compiled = PreparedQuery(lambda pk: Board.objects.filter(pk=pk))
    assert compiled.all("default", board.pk)[0].name == "board"
    Board.objects.filter(pk=board.pk).update(name="renamed")
    assert compiled.all("default", board.pk)[0].name == "renamed"
