"""The log: a stream is born once, positions are cheap, pages are bounded, and what was touched lately is known."""

import json
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.tidewire.liveapp.models import Board, Item
from tests.tidewire.threads import Writer, needs_row_locks
from tidewire.ground.actors import Actor, acting_as
from tidewire.ground.positions import ENVELOPE_BYTES, PAGE_BYTES, PAGE_EVENTS, Page, Position
from tidewire.log import event_log
from tidewire.log.building import Draft, EventError, encode
from tidewire.log.tables import Event, Stream

pytestmark = pytest.mark.django_db(transaction=True)


def stream(board: Board) -> str:
    return f"board:{board.pk}"


# -- birth and positions ---------------------------------------------------------------------------------------------


def test_a_stream_is_born_once():
    first = event_log.position("board:x")
    assert first == Position("board:x", first.epoch, 0)
    assert len(first.epoch) == 16
    assert event_log.position("board:x") == first
    assert Stream.objects.count() == 1


def test_a_stream_keeps_its_epoch_when_it_is_written_to():
    board = Board(name="new")
    born = event_log.position(stream(board))
    board.save()
    assert event_log.position(stream(board)) == Position(stream(board), born.epoch, 1)


def test_streams_have_epochs_of_their_own():
    epochs = {position.epoch for position in event_log.positions([f"board:{n}" for n in range(20)]).values()}
    assert len(epochs) == 20


@needs_row_locks
def test_two_who_ask_at_once_get_one_stream():
    start, found = threading.Barrier(2), []

    def ask() -> None:
        start.wait()
        found.append(event_log.position("board:x"))

    for writer in [Writer(ask), Writer(ask)]:
        writer.finish()
    assert found[0] == found[1]


def test_many_positions_are_one_query_and_two_more_for_births(django_assert_num_queries):
    names = [f"board:{n}" for n in range(50)]
    with django_assert_num_queries(3):
        born = event_log.positions(names)
    with django_assert_num_queries(1):
        assert event_log.positions(names) == born
    with django_assert_num_queries(0):
        assert event_log.positions([]) == {}


def test_heads_are_of_those_streams_that_exist(board):
    heads = event_log.heads([stream(board), "board:unborn"])
    assert heads == {stream(board): event_log.position(stream(board))}
    assert not Stream.objects.filter(name="board:unborn").exists()


# -- recording -------------------------------------------------------------------------------------------------------


def test_an_event_says_who_when_and_what(board):
    before = datetime.now(UTC)
    with acting_as(Actor("user", "0197")):
        item = Item.objects.create(board=board, title="new")
    row = Event.objects.get(type="item.created")
    event = json.loads(row.payload)
    assert list(event) == ["type", "id", "at", "actor", "data"]
    assert event["actor"] == {"type": "user", "id": "0197"}
    assert event["id"] == str(row.pk)
    assert UUID(event["id"]).version == 7
    assert event["at"].endswith("Z")
    assert before <= datetime.fromisoformat(event["at"]) == row.at <= datetime.now(UTC)
    assert (row.object, row.actor, row.ends_access) == (f"liveapp.item:{item.pk}", "0197", "")


def test_nobody_in_particular_is_the_system(board):
    row = Event.objects.get(type="board.created")
    assert json.loads(row.payload)["actor"] == {"type": "system", "id": None}
    assert row.actor == ""


def statements(write: Callable[[], object]) -> list[str]:
    """What the write asks of the database."""
    with CaptureQueriesContext(connection) as captured:
        write()
    return [query["sql"] for query in captured]


def test_recording_costs_the_same_for_one_row_and_for_many(board):
    def create(rows: int) -> list[str]:
        return statements(lambda: Item.objects.bulk_create(Item(board=board, title="x") for _ in range(rows)))

    one, many = create(1), create(40)
    assert len(one) == len(many)
    assert len([sql for sql in many if "ON CONFLICT" in sql]) == 1
    assert len([sql for sql in many if f'INSERT INTO "{Event._meta.db_table}"' in sql]) == 1


def test_the_streams_of_one_transaction_are_locked_in_the_order_of_their_names():
    boards = [Board(name=str(number)) for number in range(8)]
    shuffled = random.Random(1).sample(boards, k=8)
    (statement,) = [sql for sql in statements(lambda: Board.objects.bulk_create(shuffled)) if "ON CONFLICT" in sql]
    places = [statement.index(str(board.pk)) for board in boards]  # made in the order of their keys
    assert places == sorted(places)


def test_a_transaction_may_touch_many_streams():
    Board.objects.bulk_create(Board(name=str(number)) for number in range(1000))
    assert Stream.objects.filter(head=1).count() == 1000


@pytest.mark.parametrize("data", [object(), {"a": {1, object()}}, "\ud800", {"a": ["\udc00"]}])
def test_what_is_not_json_is_no_event(data):
    with pytest.raises(EventError, match=r"board\.made"):
        encode(Draft("board:x", "board.made", "a.b:c", data, Actor("system")))


def test_text_of_any_script_is_stored_as_it_is(board):
    Board.objects.update(name="Ξένος 😀 \u2028 \"'\\")
    event = Event.objects.get(type="board.changed")
    assert json.loads(event.payload)["data"]["name"] == "Ξένος 😀 \u2028 \"'\\"
    assert "Ξένος 😀" in event.payload


# -- pages -----------------------------------------------------------------------------------------------------------


def fill(board: Board, count: int, size: int = 0) -> str:
    """Events after the board's own, with payloads of a size."""
    name = stream(board)
    row = Stream.objects.get(name=name)
    Event.objects.bulk_create(
        Event(stream=row, offset=row.head + number, type="item.changed", at=timezone.now(), payload="x" * size)
        for number in range(1, count + 1)
    )
    row.head += count
    row.save()
    return name


def offsets(page: Page) -> list[int]:
    return [entry.offset for entry in page.entries]


def test_a_page_holds_what_comes_after_an_offset(board):
    Item.objects.create(board=board, title="new")
    page = event_log.read_after(stream(board), 1)
    (entry,) = page.entries
    assert page.head == event_log.position(stream(board))
    assert (entry.offset, entry.type, json.loads(entry.payload)["data"]["title"]) == (2, "item.created", "new")


def test_a_page_after_the_head_is_empty(board):
    for offset in (1, 2, 1000):
        page = event_log.read_after(stream(board), offset)
        assert (page.head.offset, page.entries) == (1, [])


def test_a_page_of_an_unborn_stream_is_its_birth():
    page = event_log.read_after("board:x", 0)
    assert page == Page(event_log.position("board:x"), [])


def test_a_page_is_bounded_by_count(board):
    name = fill(board, PAGE_EVENTS + 10)
    page = event_log.read_after(name, 1)
    assert offsets(page) == list(range(2, PAGE_EVENTS + 2))
    rest = event_log.read_after(name, page.entries[-1].offset)
    assert offsets(rest) == list(range(PAGE_EVENTS + 2, PAGE_EVENTS + 12))
    assert offsets(event_log.read_after(name, 5, limit=3)) == [6, 7, 8]


def test_a_page_is_bounded_by_bytes(board):
    size = PAGE_BYTES // 4 - ENVELOPE_BYTES
    name = fill(board, 10, size)
    assert offsets(event_log.read_after(name, 1)) == [2, 3, 4, 5]
    assert offsets(event_log.read_after(name, 5)) == [6, 7, 8, 9]
    Event.objects.filter(offset=4).update(payload="x" * (size + 1))
    assert offsets(event_log.read_after(name, 1)) == [2, 3, 4]


def test_bytes_are_counted_not_characters(board):
    name = fill(board, 10, 1)
    Event.objects.filter(offset__gt=1).update(payload="😀" * (PAGE_BYTES // 16))
    assert offsets(event_log.read_after(name, 1)) == [2, 3, 4]


def test_a_page_holds_one_event_however_large(board):
    name = fill(board, 2, 2 * PAGE_BYTES)
    assert offsets(event_log.read_after(name, 1)) == [2]


def test_a_page_is_two_queries(board, django_assert_num_queries):
    name = fill(board, 20)
    with django_assert_num_queries(2):
        event_log.read_after(name, 3)


def test_backwards_a_page_starts_with_the_newest(board):
    name = fill(board, 9)
    assert offsets(event_log.read_before(name, None, limit=3)) == [10, 9, 8]
    assert offsets(event_log.read_before(name, 8, limit=3)) == [7, 6, 5]
    assert offsets(event_log.read_before(name, 1)) == []


# -- what was touched lately -----------------------------------------------------------------------------------------


def age(name: str, seconds: float) -> None:
    """As if the stream had been written to so long ago, by the database's clock."""
    ago = {
        "sqlite": f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-{seconds} seconds')",
        "postgresql": f"clock_timestamp() - make_interval(secs => {seconds})",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {Stream._meta.db_table} SET touched_at = {ago} WHERE name = '{name}'")


def test_what_was_touched_lately_is_known(board, other_board):
    age(stream(other_board), 30)
    assert event_log.touched(10) == event_log.heads([stream(board)])
    assert event_log.touched(60) == event_log.heads([stream(board), stream(other_board)])
    other_board.save()
    assert event_log.touched(10) == event_log.heads([stream(board), stream(other_board)])


def test_parts_of_a_second_count(board):
    age(stream(board), 0.9)
    assert event_log.touched(0.5) == {}
    assert list(event_log.touched(30.5)) == [stream(board)]


def test_an_event_is_recent_by_its_time(board):
    name = fill(board, 3)
    Event.objects.filter(offset__lte=2).update(at=timezone.now() - timedelta(seconds=100))
    assert offsets(event_log.recent(name, 50)) == [3, 4]
    assert event_log.recent(name, 50).head.offset == 4
