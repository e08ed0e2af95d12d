"""`manage.py touch_live`: rows that something wrote unnoticed become events, a batch in a transaction."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import QuerySet

from tests.tidewire.event_rows import logged
from tests.tidewire.liveapp.models import Board, Item
from tidewire.management.commands import touch_live

pytestmark = pytest.mark.django_db(transaction=True)


def touch(*arguments: str) -> str:
    out = StringIO()
    call_command("touch_live", *arguments, stdout=out)
    return out.getvalue()


def test_every_row_becomes_one_event(board, monkeypatch):
    monkeypatch.setattr(touch_live, "BATCH", 2)
    Item.objects.bulk_create(Item(board=board, title=str(number)) for number in range(5))
    with logged() as events:
        assert touch("liveapp.Item") == "liveapp.Item: 5 rows became events, and 0 that are gone\n"
    assert [type for _, type, _, _ in events] == ["item.changed"] * 5


def test_rows_since_a_time_by_a_column(board):
    for year in (2020, 2030):
        Item.objects.create(board=board, title=str(year), archived_at=f"{year}-06-01 12:00Z")
    Item.objects.create(board=board, title="never")
    with logged() as events:
        assert touch("liveapp.Item", "--since", "2025-01-01", "--by", "archived_at").startswith("liveapp.Item: 1 rows")
    assert len(events) == 1


def test_rows_that_a_manager_hides_are_touched(item, monkeypatch):
    monkeypatch.setattr(Item._default_manager, "get_queryset", lambda: QuerySet(Item).none(), raising=False)
    assert touch("liveapp.Item", "liveapp.Board").splitlines() == [
        "liveapp.Item: 1 rows became events, and 0 that are gone",
        "liveapp.Board: 1 rows became events, and 0 that are gone",
    ]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["liveapp.Nothing"], "there is no model"),
        (["Item"], "there is no model"),
        (["liveapp.Owner"], "is not live"),
        (["liveapp.Item", "--since", "yesterday"], "is no time"),
        (["liveapp.Item", "--since", "2026-01-01"], "name one with --by"),
    ],
)
def test_what_cannot_be_touched_is_named(arguments, text):
    with pytest.raises(CommandError, match=text):
        touch(*arguments)
    assert not Board.objects.exists()
