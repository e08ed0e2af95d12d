"""An application's last writes of a transaction run once, before the events, and not for what was rolled back."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import ClassVar

import pytest
from django.db import transaction

from tests.tidewire.event_rows import logged
from tests.tidewire.liveapp.models import Board, Item
from tidewire.log.tables import Event
from tidewire.testing import record_now
from tidewire.transactions.commit import note
from tidewire.transactions.pre_commit import PreCommitStep

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True, slots=True)
class Titling(PreCommitStep):
    """Gives an item its title at the end, as a counter would."""

    item: object
    runs: ClassVar[list[list[object]]] = []

    @classmethod
    def run(cls, steps, using):
        cls.runs.append([step.item for step in steps])
        for place, step in enumerate(steps):
            Item.objects.using(using).filter(pk=step.item).update(title=f"number {place}")


@dataclass(frozen=True, slots=True)
class Refusing(PreCommitStep):
    @classmethod
    def run(cls, steps, using):
        raise ValueError("no")


@pytest.fixture(autouse=True)
def _nothing_run():
    Titling.runs.clear()


@pytest.fixture
def board() -> Board:
    return Board.objects.create(name="Harbour")


def new(board: Board) -> Item:
    item = Item.objects.create(board=board, title="none yet")
    note("default", [Titling(item.pk)])
    return item


def test_all_steps_of_a_transaction_run_at_once_and_the_events_show_their_changes(board):
    with logged() as events, transaction.atomic():
        items = [new(board), new(board)]
        assert Titling.runs == []
    assert Titling.runs == [[item.pk for item in items]]
    assert [(fact[1], fact[2]) for fact in events] == [("item.created", str(item.pk)) for item in items]
    assert [Item.objects.get(pk=item.pk).title for item in items] == ["number 0", "number 1"]
    payloads = Event.objects.filter(type="item.created").order_by("offset").values_list("payload", flat=True)
    assert [f'"number {place}"' in payload for place, payload in enumerate(payloads)] == [True, True]


def test_a_rolled_back_savepoint_drops_its_steps(board):
    with transaction.atomic():
        kept = new(board)
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            new(board)
            raise ZeroDivisionError
    assert Titling.runs == [[kept.pk]]


def test_a_step_that_raises_rolls_the_transaction_back(board):
    def write() -> None:
        with transaction.atomic():
            new(board)
            note("default", [Refusing()])

    with pytest.raises(ValueError, match="no"):
        write()
    assert not Item.objects.exists()
    assert not Event.objects.filter(type="item.created").exists()


def test_steps_may_note_further_steps(board):
    @dataclass(frozen=True, slots=True)
    class Asking(PreCommitStep):
        board: Board

        @classmethod
        def run(cls, steps, using):
            new(steps[0].board)

    with transaction.atomic():
        note("default", [Asking(board)])
    assert Item.objects.get().title == "number 0"


def test_record_now_runs_the_steps_too(board):
    with transaction.atomic():
        item = new(board)
        record_now()
        assert Titling.runs == [[item.pk]]
    assert Titling.runs == [[item.pk]]
