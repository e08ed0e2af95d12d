"""The bulk writes, for which Django sends no signal, become exactly these events."""

import threading

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import NotSupportedError, connection, transaction
from django.db.models import Count, F, Value
from django.db.models.functions import Concat

from tests.tidewire.event_rows import Row, logged
from tests.tidewire.liveapp.models import Board, Counter, Item, Label, ProxyItem, Vote
from tests.tidewire.threads import Writer, needs_row_locks, until_it_waits
from tidewire.ids import uuid7
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)


def row(type: str, item: Item, version: int | None, board: Board | None = None) -> Row:
    return f"board:{(board or item.board).pk}", type, str(item.pk), version


def changed(items: list[Item], version: int = 2) -> list[Row]:
    return sorted(row("item.changed", item, version) for item in items)


@pytest.fixture
def items(board) -> list[Item]:
    return [Item.objects.create(board=board, title=title, slug=title) for title in "abc"]


# -- update ----------------------------------------------------------------------------------------------------------


def test_an_update_changes_each_row_it_matches(items):
    with logged() as events:
        assert Item.objects.filter(title__in="ab").update(title="x") == 2
    assert sorted(events) == changed(items[:2])


def test_an_update_by_expression(items):
    with logged() as events:
        assert Item.objects.update(rank=F("rank") + 1, title=Concat("title", Value("!"))) == 3
    assert sorted(events) == changed(items)
    assert sorted(Item.objects.values_list("title", "rank")) == [("a!", 1), ("b!", 1), ("c!", 1)]


def test_an_update_of_nothing_is_no_event(items):
    with logged() as events:
        assert Item.objects.filter(title="x").update(title="y") == 0
    assert events == []


def test_an_update_cannot_set_the_version_back(items):
    with logged() as events:
        Item.objects.update(version=0)
    assert sorted(events) == changed(items)


def test_an_update_counts_a_row_once_however_often_a_join_matches_it(items):
    for name in "xyz":
        items[0].labels.add(Label.objects.create(name=name))
    with logged() as events:
        assert Item.objects.filter(labels__name__in="xyz").update(title="x") == 1
    assert events == changed(items[:1], version=5)


@pytest.mark.parametrize(
    "rows",
    [
        lambda: Item.objects.distinct(),
        lambda: Item.objects.values("title"),
        lambda: Item.objects.values_list("pk", flat=True),
        lambda: Item.objects.annotate(count=Count("labels")),
        lambda: Item.objects.select_related("board").prefetch_related("labels"),
        lambda: Item.objects.only("title").order_by("-title"),
        lambda: Item.objects.select_for_update(),
        lambda: ProxyItem.objects.all(),
        lambda: Board.objects.get().items,
        lambda: Item.objects.using("default"),
    ],
)
def test_an_update_of_any_queryset(items, rows):
    with logged() as events, transaction.atomic():
        assert rows().update(title="x") == 3
    assert sorted(events) == changed(items)


def test_an_update_may_use_annotations(items):
    items[0].labels.add(Label.objects.create(name="x"))
    with logged() as events:
        Item.objects.annotate(wanted=F("rank") + 7).filter(title="b").update(rank=F("wanted"))
    assert events == changed(items[1:2])
    assert Item.objects.get(title="b").rank == 7


def test_an_update_that_django_refuses_is_refused(items):
    with logged() as events:
        with pytest.raises(TypeError):
            Item.objects.all()[:1].update(title="x")
        with pytest.raises(NotSupportedError):
            Item.objects.filter(title="a").union(Item.objects.filter(title="b")).update(title="x")
        with pytest.raises(FieldDoesNotExist):
            Item.objects.none().update(no_such_field=1)
    assert events == []


def test_an_update_of_many_rows_matches_them_once(board):
    """The changes of the first rows must not decide whether the later ones still match."""
    first = Item.objects.create(board=board, title="first")
    others = [Item(board=board, title="other", rank=number) for number in range(510)]
    Item.objects.bulk_create(others)
    matching = Item.objects.filter(board__items__title="first").exclude(pk=None)
    with logged() as events:
        assert matching.update(title="x") == 511
    assert sorted(events) == changed([first, *others])


def test_an_update_moves_rows_to_another_stream(items, board, other_board):
    with logged() as events:
        Item.objects.filter(title__in="ab").update(board=other_board)
    left = [row("item.deleted", item, None) for item in items[:2]]
    entered = [row("item.created", item, 2, other_board) for item in items[:2]]
    assert sorted(events) == sorted(left + entered)


def test_an_update_of_keys_ends_one_row_and_begins_another(items):
    """Clients know rows by their keys: a row with another key is another row."""
    new = uuid7()
    with logged() as events:
        assert Item.objects.filter(title="a").update(id=new) == 1
    stream = f"board:{items[0].board_id}"
    assert sorted(events) == sorted(
        [(stream, "item.deleted", str(items[0].pk), None), (stream, "item.created", str(new), 2)]
    )


def test_an_update_of_keys_by_expression(board):
    counters = Counter.objects.bulk_create(Counter(board=board, name=name) for name in "abc")
    last = counters[-1].pk
    with logged() as events:
        assert Counter.objects.update(id=F("id") + last) == 3
    changed = [(type, int(pk)) for _, type, pk, _ in events]
    assert {pk for type, pk in changed if type.endswith("created")} == {each.pk + last for each in counters}
    assert {pk for type, pk in changed if type.endswith("deleted")} == {each.pk for each in counters}


def test_an_update_to_the_same_stream_is_no_move(items, board):
    with logged() as events:
        Item.objects.update(board=board)
    assert sorted(events) == changed(items)


def test_an_update_moves_parts_to_another_parent(items):
    for item in items[:2]:
        Vote.objects.create(item=item)
    with logged() as events:
        Vote.objects.update(item=items[1])
    assert events == [row("vote.removed", items[0], 3), row("vote.changed", items[1], 3)]


def test_updating_many_parts_changes_their_parent_once(items):
    Vote.objects.bulk_create([Vote(item=items[0]) for _ in range(3)])
    with logged() as events:
        Vote.objects.update(stars=5)
    assert events == [row("vote.changed", items[0], 3)]


def test_a_touch_raises_the_version_and_nothing_else(items):
    with logged() as events:
        assert Item.objects.filter(title="a").touch() == 1
        assert Item.objects.filter(title="b").touch("item.looked_at") == 1
    assert events == [row("item.changed", items[0], 2), row("item.looked_at", items[1], 2)]


# -- bulk_create -----------------------------------------------------------------------------------------------------


def test_bulk_create_creates_each_row(board):
    items = [Item(board=board, title=title) for title in "ab"]
    with logged() as events:
        assert Item.objects.bulk_create(item for item in items) == items
    assert events == [row("item.created", item, 1) for item in items]


def test_bulk_create_of_nothing(transactional_db):
    with logged() as events:
        assert Item.objects.bulk_create([]) == []
    assert events == []


def test_bulk_create_in_batches(board):
    with logged() as events:
        items = Item.objects.bulk_create([Item(board=board, title=str(n)) for n in range(7)], batch_size=3)
    assert events == [row("item.created", item, 1) for item in items]


def test_bulk_create_with_keys_from_the_database(board):
    with logged() as events:
        counters = Counter.objects.bulk_create([Counter(board=board, name=name) for name in "ab"])
    assert [event[1:3] for event in events] == [("counter.created", str(counter.pk)) for counter in counters]


def test_bulk_create_of_parts_changes_their_parent_once(items):
    with logged() as events:
        Vote.objects.bulk_create([Vote(item=items[0]), Vote(item=items[0]), Vote(item=items[1])])
    assert events == [row("vote.added", items[0], 2), row("vote.added", items[1], 2)]


def test_ignored_conflicts_are_no_events(items, board):
    again, taken, new = (
        Item(pk=items[0].pk, board=board, title="again"),
        Item(board=board, title="taken", slug="b"),
        Item(board=board, title="new", slug="new"),
    )
    with logged() as events:
        Item.objects.bulk_create([again, taken, new], ignore_conflicts=True)
    assert events == [row("item.created", new, 1)]


def test_ignored_conflicts_need_no_keys(board):
    old = Counter.objects.create(board=board, name="a")
    with logged() as events:
        Counter.objects.bulk_create([Counter(board=board, name=name) for name in "ab"], ignore_conflicts=True)
        Counter.objects.bulk_create([Counter(board=board, name="a")], ignore_conflicts=True)
        Counter.objects.bulk_create([Counter(board=board, name="c")], ignore_conflicts=True)
    new = Counter.objects.exclude(pk=old.pk).order_by("pk")
    assert [event[1:3] for event in events] == [("counter.created", str(counter.pk)) for counter in new]
    assert len(new) == 2


def upsert(*items: Item, fields: tuple[str, ...] = ("title",)) -> None:
    Item.objects.bulk_create(items, update_conflicts=True, update_fields=fields, unique_fields=["slug"])


def test_conflicts_that_are_updated_are_changes(items, board):
    new = Item(board=board, title="new", slug="new")
    with logged() as events:
        upsert(Item(board=board, title="x", slug="a"), new, Item(board=board, title="y", slug="b"))
    assert sorted(events) == sorted([*changed(items[:2]), row("item.created", new, 1)])


def test_conflicts_on_the_key_are_changes(items, board):
    with logged() as events:
        Item.objects.bulk_create(
            [Item(pk=items[0].pk, board=board, title="x", slug="x")],
            update_conflicts=True,
            update_fields=["title"],
            unique_fields=["pk"],
        )
    assert events == changed(items[:1])


def test_null_conflicts_with_nothing(board):
    old, new = Item.objects.create(board=board, title="old"), Item(board=board, title="new")
    with logged() as events:
        upsert(new)
    assert old.slug is new.slug is None
    assert events == [row("item.created", new, 1)]


def test_updated_conflicts_may_move_rows(items, board, other_board):
    with logged() as events:
        upsert(Item(board=other_board, title="x", slug="a"), fields=("title", "board"))
    assert events == [row("item.deleted", items[0], None), row("item.created", items[0], 2, other_board)]


def test_many_conflicts_at_once(board):
    old = Item.objects.bulk_create([Item(board=board, title="old", slug=str(number)) for number in range(20)])
    with logged() as events:
        upsert(*[Item(board=board, title="new", slug=str(number)) for number in range(510)])
    assert sorted(event for event in events if event[1] == "item.changed") == changed(old)
    assert len([event for event in events if event[1] == "item.created"]) == 490


# -- bulk_update, deletion -------------------------------------------------------------------------------------------


def test_bulk_update_changes_each_row(items):
    for item in items:
        item.title *= 2
    with logged() as events:
        assert Item.objects.bulk_update(items, ["title"]) == 3
    assert sorted(events) == changed(items)


def test_bulk_update_in_batches_changes_each_row_once(items):
    with logged() as events:
        Item.objects.bulk_update(items, ["title", "rank"], batch_size=2)
    assert sorted(events) == changed(items)


def test_bulk_update_may_move_rows(items, board, other_board):
    items[0].board = other_board
    with logged() as events:
        Item.objects.bulk_update(items[:2], ["board"])
    assert sorted(events) == sorted(
        [
            row("item.deleted", items[0], None, board),
            row("item.created", items[0], 2, other_board),
            row("item.changed", items[1], 2),
        ]
    )


def test_a_raw_delete_deletes_each_row(items):
    with logged() as events:
        assert Item.objects.filter(title__in="ab")._raw_delete("default") == 2
    assert sorted(events) == sorted(row("item.deleted", item, None) for item in items[:2])


def test_deleting_parts_changes_their_parent_once(items):
    Vote.objects.bulk_create([Vote(item=items[0]) for _ in range(3)])
    with logged() as events, transaction.atomic():
        Vote.objects.all().delete()
    assert [event[:3] for event in events] == [row("vote.removed", items[0], None)[:3]]


# -- locks -----------------------------------------------------------------------------------------------------------


@needs_row_locks
def test_two_updates_of_the_same_rows_in_opposite_order_do_not_deadlock(items):
    """Each writer locks in the order of keys, in whatever order it named them."""
    start = threading.Barrier(2)

    def write(order: str) -> None:
        start.wait()
        for _ in range(30):
            Item.objects.order_by(order).update(rank=F("rank") + 1)

    for writer in [Writer(lambda order=order: write(order)) for order in ("pk", "-pk")]:
        writer.finish()
    assert set(Item.objects.values_list("rank", "version")) == {(60, 61)}


@needs_row_locks
def test_updating_a_row_does_not_wait_for_rows_that_refer_to_it(board):
    """Else two transactions that each refer to a row, and then update it, would wait for each other."""
    with transaction.atomic():
        Item.objects.create(board=board, title="new")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # the reference is checked, and locks the board
        Writer(lambda: Board.objects.update(name="x")).finish()


@needs_row_locks
def test_a_row_that_two_transactions_delete_is_deleted_once(items):
    with transaction.atomic():
        Item.objects.filter(title="a").delete()
        writer = Writer(lambda: Item.objects.filter(title__in="ab").delete())
        until_it_waits(writer)
    writer.finish()
    deletions = Event.objects.filter(type="item.deleted").values_list("object", flat=True)
    assert set(deletions) == {f"liveapp.item:{item.pk}" for item in items[:2]}
    assert len(deletions) == 2 * 2  # with the events of their creation, which have become deletions too
