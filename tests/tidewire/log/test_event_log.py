"""Recording: what an event says, in which order streams are locked, and what it costs."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.tidewire.liveapp.models import Board, Item
from tidewire.ground.actors import Actor, acting_as
from tidewire.log.building import Draft, EventError, encode
from tidewire.log.tables import Event, Stream

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_without_an_actor_it_is_the_system(board):
    row = Event.objects.get(type="board.created")
    assert json.loads(row.payload)["actor"] == {"type": "system", "id": None}
    assert row.actor == ""


def statements(write: Callable[[], object]) -> list[str]:
    """Returns the statements that the write runs."""
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
def test_data_that_is_not_json_is_refused(data):
    with pytest.raises(EventError, match=r"board\.made"):
        encode(Draft("board:x", "board.made", "a.b:c", data, Actor("system")), timezone.now())


def test_text_of_any_script_is_stored_as_it_is(board):
    Board.objects.update(name="Ξένος 😀 \u2028 \"'\\")
    event = Event.objects.get(type="board.changed")
    assert json.loads(event.payload)["data"]["name"] == "Ξένος 😀 \u2028 \"'\\"
    assert "Ξένος 😀" in event.payload
