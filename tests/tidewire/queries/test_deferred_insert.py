"""A live row whose INSERT is deferred is the row that Django would have inserted."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Value
from django.db.models.functions import Upper

from api.models import Message, Room, User
from tests.tidewire.event_rows import logged
from tests.tidewire.liveapp.models import Board, Counter, Item, Owner, ProxyItem
from tidewire.queries import deferred_insert
from tidewire.queries.round_trips import deferred_inserts
from tidewire.transactions.writes import write_transaction

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[True, False], ids=["on", "off"])
def _switched(request, settings) -> None:
    """The setting, on and off."""
    settings.TIDEWIRE = {**settings.TIDEWIRE, "PREPARED_QUERIES": request.param}


class StopError(Exception):
    """Ends a block."""


def rows() -> list[Any]:
    """New rows of each kind."""
    owner = Owner.objects.create(pk=77, name="o")
    board = Board.objects.create(name="100 %")
    room = Room.objects.create(name="r", kind="public")
    author, _ = User.objects.get_or_create(email="a@example.com", name="a")
    return [
        board,
        Item.objects.create(board=board, owner=owner, title="'%s'", slug=None, rank=-1),
        Item.objects.create(board_id=str(board.pk), title="", archived_at=datetime(2026, 1, 1, 2, 3, 4, 567, UTC)),
        Item.objects.create(board=board, title=Upper(Value("by the database"))),
        ProxyItem.objects.create(board=board, title="proxy"),
        Counter.objects.create(board=board, name="c"),
        Message.objects.create(room=room, author=author, text="\\ “100 %”", mentions=[str(author.pk), "%s"]),
    ]


def columns_of(made: list[Any]) -> list[dict[str, Any]]:
    """What is in the tables, with the class of a row in the place of its key."""
    classes = {row.pk: type(row) for row in [*made, *Room.objects.all()] if isinstance(row.pk, UUID)}
    found = [type(row).objects.values().get(pk=row.pk) for row in made]
    return [
        {
            name: classes.get(value, value) if isinstance(value, UUID) else value
            for name, value in columns.items()
            if name not in ("created_at", "id")
        }
        for columns in found
    ]


def test_a_row_is_what_django_inserts(settings):
    with write_transaction(), deferred_inserts():
        made = rows()
    deferred = columns_of(made)
    Counter.objects.all().delete()
    Owner.objects.all().delete()
    settings.TIDEWIRE = {**settings.TIDEWIRE, "PREPARED_QUERIES": False}
    assert columns_of(rows()) == deferred


@pytest.mark.usefixtures("_switched")
def test_an_instance_is_as_django_leaves_it(board):
    with logged() as events, write_transaction(), deferred_inserts():
        item = Item(board=board, title="title")
        item.save()
        assert (item._state.adding, item._state.db, item.version) == (False, "default", 1)
        assert item.get_deferred_fields() == set()
    assert item == Item.objects.get()
    assert [(type, key) for _, type, key, _ in events] == [("item.created", str(item.pk))]


@pytest.mark.usefixtures("_switched")
def test_a_key_that_is_taken_fails_the_transaction(board):
    def write() -> None:
        with write_transaction(), deferred_inserts():
            Item(pk=item.pk, board=board).save(force_insert=True)
            Item.objects.create(board=board)

    item = Item.objects.create(board=board)
    with pytest.raises(IntegrityError):
        write()
    assert list(Item.objects.all()) == [item]


@pytest.mark.usefixtures("_switched")
def test_a_row_is_there_for_the_next_query(board):
    with write_transaction(), deferred_inserts():
        item = Item.objects.create(board=board)
        assert Item.objects.get() == item


def test_outside_of_a_block_django_inserts(board, monkeypatch):
    monkeypatch.setattr(deferred_insert, "_statement", None)  # would fail if it was asked
    with write_transaction():
        assert Item.objects.create(board=board)


def test_a_savepoint_that_is_rolled_back_takes_its_own_rows_only(board):
    with logged() as events, write_transaction():
        with deferred_inserts():
            item = Item.objects.create(board=board)
        with suppress(StopError), transaction.atomic(), deferred_inserts():
            Item.objects.create(board=board)
            raise StopError
    assert list(Item.objects.all()) == [item]
    assert [key for *_, key, _ in events] == [str(item.pk)]


def test_a_row_is_not_lost_with_a_statement_that_was_not_sent(board):
    """psycopg refuses a parameter before it sends the text."""
    with logged() as events, write_transaction():
        with deferred_inserts():
            item = Item.objects.create(board=board)
        with suppress(ValueError, DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT %s", ["\0"])
    assert Item.objects.get() == item
    assert [key for *_, key, _ in events] == [str(item.pk)]


@pytest.mark.skipif("config.getoption('database') != 'postgresql'", reason="SQLite has no round trips")
def test_the_row_is_sent_with_the_next_statement(board, sent_texts):
    def write() -> None:
        with write_transaction():
            with deferred_inserts():
                item = Item.objects.create(board=board, title="100 %")
            assert Item.objects.values_list("title", flat=True).get(pk=item.pk) == "100 %"

    write()  # prepares the statement
    with sent_texts() as sent:
        write()
    assert sent[0] == "BEGIN"
    assert [statement.split()[0] for statement in sent[1].split(";\n")] == ["EXECUTE", "SELECT"]
