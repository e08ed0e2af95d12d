"""What a declaration knows of itself: its stream's name, its event types, and the line that makes it."""

import inspect
from uuid import UUID

import pytest
from django.core.exceptions import FieldDoesNotExist

from tests.tidewire.liveapp.declarations import BoardSerializer, ItemSerializer, boards
from tests.tidewire.liveapp.models import Board, Item, Vote
from tidewire.declare.kinds import StreamKind
from tidewire.declare.live import Fact, Live, Touch
from tidewire.declare.registry import Registry


def here(offset: int = 0) -> str:
    """Returns the caller's place, as declarations write it."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return f"tests/tidewire/declare/test_declarations.py:{frame.f_back.f_lineno + offset}"


def test_a_declaration_knows_its_line():
    kind = StreamKind("board", may_subscribe=lambda user_id, keys: set())
    assert kind.declared_at == here(-1)
    assert Live(Board, stream=kind.of("id"), serializer=BoardSerializer).declared_at == here()
    assert Touch(Vote, parent="item").declared_at == here()
    assert Fact("board.read", kind=kind, serializer=BoardSerializer).declared_at == here()


def test_a_declaration_with_type_arguments_knows_its_line():
    assert Live[Board](Board, stream=boards.of("id"), serializer=BoardSerializer).declared_at == here()
    assert Fact[Board]("board.read", kind=boards, serializer=BoardSerializer).declared_at == here()


def test_a_stream_is_named_by_kind_and_key():
    assert boards("0197") == "board:0197"
    assert boards(UUID(int=1)) == "board:00000000-0000-0000-0000-000000000001"
    assert boards.of("board_id").name_of(Item(board_id=UUID(int=1))) == boards(UUID(int=1))


@pytest.mark.parametrize("key", ["", "a b", "a:b", "x" * 65])
def test_a_key_that_makes_no_stream_name_is_refused(key):
    with pytest.raises(ValueError, match="is not a stream name"):
        boards(key)


def test_the_types_of_a_declaration_say_which_carry_the_key_only():
    live = Live(
        Item,
        stream=boards.of("board_id"),
        serializer=ItemSerializer,
        created="item.created",
        updated="item.changed",
        deleted="item.deleted",
        intents=("item.pinned",),
    )
    assert live.types == {
        "item.created": False,
        "item.changed": False,
        "item.pinned": False,
        "item.deleted": True,
    }
    assert not live.owns_stream
    assert Live(Board, stream=boards.of("id"), serializer=BoardSerializer).owns_stream


def test_a_touch_knows_its_parent():
    touch = Touch(Vote, parent="item")
    assert (touch.parent_model, touch.parent_attname) == (Item, "item_id")
    with pytest.raises(FieldDoesNotExist, match=r"Vote\.stars is no foreign key"):
        _ = Touch(Vote, parent="stars").parent_model


def test_the_registry_finds_declarations_by_name_model_and_stream():
    registry = Registry()
    live = Live(Item, stream=boards.of("board_id"), serializer=ItemSerializer, deleted="item.deleted")
    own = Live(Board, stream=boards.of("id"), serializer=BoardSerializer, deleted="board.deleted")
    touch = Touch(Vote, parent="item")
    fact = Fact("board.read", kind=boards, serializer=BoardSerializer)
    for declaration in (live, own, touch, fact):
        registry.add(declaration)
    assert registry.kind_of("board:0197") is boards
    assert registry.kind_of("room:0197") is None
    assert (registry.lives_of(Item), registry.touches_of(Vote)) == ([live], [touch])
    assert registry.fact_of("board:0197", "board.read") is fact
    assert registry.fact_of("board:0197", "board.written") is None
    assert registry.models() == [Item, Board, Vote]
    assert registry.placing_columns(Item) == {"board_id"}
    assert registry.placing_columns(Board) == set()
    assert registry.placing_columns(Vote) == {"item_id"}
    assert registry.deletions == {("board", "item.deleted"), ("board", "board.deleted")}
    assert registry.stream_ends == {("board", "board.deleted")}
    assert registry.ends_stream("board:0197", "board.deleted")
    assert not registry.ends_stream("board_list:0197", "board.deleted")
