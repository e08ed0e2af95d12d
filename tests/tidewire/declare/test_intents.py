"""Which name an update has inside `updates_named`: the innermost one that its declaration lists."""

from tests.tidewire.liveapp.models import Board, Item
from tidewire.declare.intents import intent_of, updates_named

DECLARED = ("item.pinned", "item.closed")


def test_outside_of_a_block_updates_have_no_name():
    assert intent_of(Item, DECLARED) is None


def test_the_innermost_name_counts():
    with updates_named(Item, "item.pinned"):
        with updates_named(Item, "item.closed"):
            assert intent_of(Item, DECLARED) == "item.closed"
        assert intent_of(Item, DECLARED) == "item.pinned"
    assert intent_of(Item, DECLARED) is None


def test_a_name_that_the_declaration_does_not_list_is_passed_over():
    with updates_named(Item, "item.pinned"), updates_named(Item, "item.painted"):
        assert intent_of(Item, DECLARED) == "item.pinned"


def test_a_name_is_for_one_model():
    with updates_named(Board, "item.pinned"):
        assert intent_of(Item, DECLARED) is None
