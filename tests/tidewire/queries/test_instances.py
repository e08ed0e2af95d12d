"""Instances from rows are what Django would make of them."""

import pytest
from django.db.models.signals import post_init

from tests.tidewire.liveapp.models import Board, Item, Owner
from tidewire.queries.instances import from_row

pytestmark = pytest.mark.django_db


def row_of(item: Item) -> tuple[list[str], list]:
    names = [field.attname for field in Item._meta.concrete_fields]
    return names, [getattr(item, name) for name in names]


def test_it_is_what_django_makes(board):
    names, values = row_of(Item.objects.create(board=board, owner=Owner.objects.create(name="o")))
    made, wanted = from_row(Item, "default", names, values), Item.from_db("default", names, values)
    assert {**vars(made), "_state": None} == {**vars(wanted), "_state": None}
    assert (made._state.adding, made._state.db) == (wanted._state.adding, wanted._state.db) == (False, "default")
    assert (made.board, made.owner) == (wanted.board, wanted.owner)


def test_it_can_be_changed_and_saved(board, other_board):
    made = from_row(Item, "default", *row_of(Item.objects.create(board=board)))
    made.board, made.title = other_board, "new"
    made.save()
    assert (Item.objects.get().board, Item.objects.get().title) == (other_board, "new")


def test_what_is_not_there_is_read_when_it_is_wanted(board, django_assert_num_queries):
    item = Item.objects.create(board=board, title="title")
    made = from_row(Item, "default", ["id"], [item.pk])
    assert made.get_deferred_fields() == Item.from_db("default", ["id"], [item.pk]).get_deferred_fields()
    with django_assert_num_queries(1):
        assert made.title == "title"


def test_whoever_listens_to_instances_hears_of_it(board):
    seen = []

    def listen(instance, **kwargs):
        seen.append(instance.pk)

    post_init.connect(listen, sender=Board)
    try:
        made = from_row(Board, "default", ["id", "version", "name"], [board.pk, 1, "b"])
    finally:
        post_init.disconnect(listen, sender=Board)
    assert seen == [made.pk]


def test_a_class_with_a_way_of_its_own_goes_it(board):
    class Own(Board):
        class Meta:
            app_label, proxy = "liveapp", True

        @classmethod
        def from_db(cls, db, field_names, values):
            made = super().from_db(db, field_names, values)
            made.is_own = True
            return made

    assert from_row(Own, "default", ["id", "version", "name"], [board.pk, 1, "b"]).is_own
