"""A live row that is inserted directly is the row that Django would have inserted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Value
from django.db.models.functions import Upper

from api.models import Message, Room, User
from tests.tidewire.liveapp.models import Board, Counter, Item, Owner, ProxyItem
from tidewire.queries import deferred_insert

pytestmark = pytest.mark.django_db(transaction=True)


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
    direct = columns_of(rows())
    Counter.objects.all().delete()
    Owner.objects.all().delete()
    settings.TIDEWIRE = {**settings.TIDEWIRE, "PREPARED_QUERIES": False}
    assert columns_of(rows()) == direct


@pytest.mark.parametrize("is_on", [True, False])
def test_an_instance_that_was_saved_is_as_django_leaves_it(board, settings, is_on):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "PREPARED_QUERIES": is_on}
    item = Item(board=board, title="title")
    item.save()
    assert (item._state.adding, item._state.db, item.version, item.get_deferred_fields()) == (
        False,
        "default",
        1,
        set(),
    )
    assert item == Item.objects.get()


@pytest.mark.parametrize("is_on", [True, False])
def test_a_key_that_is_taken_is_refused(board, settings, is_on):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "PREPARED_QUERIES": is_on}
    item = Item.objects.create(board=board)
    with pytest.raises(IntegrityError), transaction.atomic():
        Item(pk=item.pk, board=board).save(force_insert=True)
    assert Item.objects.count() == 1


def test_where_the_setting_is_off_django_inserts(board, settings, monkeypatch):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "PREPARED_QUERIES": False}
    monkeypatch.setattr(deferred_insert, "_statement", None)  # would fail if it was asked
    assert Item.objects.create(board=board)


def test_sqlite_inserts_as_django_does(board, monkeypatch):
    if connection.vendor == "sqlite":
        monkeypatch.setattr(deferred_insert, "_statement", None)
    assert Item.objects.create(board=board)
