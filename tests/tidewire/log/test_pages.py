"""Pages of the log: what comes after or before an offset, bounded by number and by bytes."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.tidewire.liveapp.models import Board, Item
from tidewire.ground.positions import ENVELOPE_BYTES, PAGE_BYTES, PAGE_EVENTS, Page
from tidewire.log import heads, pages
from tidewire.log.tables import Event, Stream

pytestmark = pytest.mark.django_db(transaction=True)


def stream(board: Board) -> str:
    return f"board:{board.pk}"


def fill(board: Board, count: int, size: int = 0) -> str:
    """Adds `count` events to the board's stream, with payloads of `size` bytes. Returns the stream's name."""
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
    page = pages.read_after(stream(board), 1)
    (entry,) = page.entries
    assert page.head == heads.position(stream(board))
    assert (entry.offset, entry.type, json.loads(entry.payload)["data"]["title"]) == (2, "item.created", "new")


def test_a_page_after_the_head_is_empty(board):
    for offset in (1, 2, 1000):
        page = pages.read_after(stream(board), offset)
        assert (page.head.offset, page.entries) == (1, [])


def test_reading_a_page_of_a_new_stream_creates_it():
    page = pages.read_after("board:x", 0)
    assert page == Page(heads.position("board:x"))


def test_a_page_is_bounded_by_count(board):
    name = fill(board, PAGE_EVENTS + 10)
    page = pages.read_after(name, 1)
    assert offsets(page) == list(range(2, PAGE_EVENTS + 2))
    rest = pages.read_after(name, page.entries[-1].offset)
    assert offsets(rest) == list(range(PAGE_EVENTS + 2, PAGE_EVENTS + 12))
    assert offsets(pages.read_after(name, 5, limit=3)) == [6, 7, 8]


def test_a_page_is_bounded_by_bytes(board):
    size = PAGE_BYTES // 4 - ENVELOPE_BYTES
    name = fill(board, 10, size)
    assert offsets(pages.read_after(name, 1)) == [2, 3, 4, 5]
    assert offsets(pages.read_after(name, 5)) == [6, 7, 8, 9]
    Event.objects.filter(offset=4).update(payload="x" * (size + 1))
    assert offsets(pages.read_after(name, 1)) == [2, 3, 4]


def test_bytes_are_counted_not_characters(board):
    name = fill(board, 10, 1)
    Event.objects.filter(offset__gt=1).update(payload="😀" * (PAGE_BYTES // 16))
    assert offsets(pages.read_after(name, 1)) == [2, 3, 4]


def test_a_page_holds_one_event_however_large(board):
    name = fill(board, 2, 2 * PAGE_BYTES)
    assert offsets(pages.read_after(name, 1)) == [2]


def test_a_page_is_two_queries(board, django_assert_num_queries):
    name = fill(board, 20)
    with django_assert_num_queries(2):
        pages.read_after(name, 3)


def test_backwards_a_page_starts_with_the_newest(board):
    name = fill(board, 9)
    assert offsets(pages.read_before(name, None, limit=3)) == [10, 9, 8]
    assert offsets(pages.read_before(name, 8, limit=3)) == [7, 6, 5]
    assert offsets(pages.read_before(name, 1)) == []


def test_recent_events_are_chosen_by_their_time(board):
    name = fill(board, 3)
    Event.objects.filter(offset__lte=2).update(at=timezone.now() - timedelta(seconds=100))
    assert offsets(pages.read_recent(name, 50)) == [3, 4]
    assert pages.read_recent(name, 50).head.offset == 4
