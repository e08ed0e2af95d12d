"""What would fail at each write is found at start: each declaration is tried on an example row, without a database."""

from __future__ import annotations

import re
from functools import partial

import pytest
from django.contrib.auth.models import Group
from django.core import checks
from django.db.models import Count, Prefetch
from rest_framework import serializers

from tests.rig.site import ROOT
from tests.tidewire.checks.test_checks import AnySerializer, kind, live
from tests.tidewire.liveapp.declarations import BoardSerializer, ItemSerializer, boards
from tests.tidewire.liveapp.models import Board, Item, Label, Vote
from tidewire.checks import intents
from tidewire.declare.live import EVERYONE, Fact, Live, Touch
from tidewire.declare.registry import Registry, registry


def found(monkeypatch, *declarations) -> list[checks.CheckMessage]:
    """Registers these declarations alone, and returns what the checks find."""
    fresh = Registry()
    for declaration in declarations:
        fresh.add(declaration)
    for name in ("kinds", "lives", "touches", "facts", "misplaced"):
        monkeypatch.setattr(registry, name, getattr(fresh, name))
    return checks.run_checks(tags=("tidewire",))


def one(monkeypatch, *declarations) -> tuple[str, str]:
    """Returns the id and the text of the only problem. It names the line of its declaration, and has a hint."""
    (problem,) = found(monkeypatch, *declarations)
    assert problem.obj in declarations or getattr(problem.obj, "declared_at", None)
    assert "tests/tidewire/checks/test_" in problem.msg
    assert problem.hint
    assert "tidewire/" not in problem.hint  # says what to write, not where to read
    return problem.id.removeprefix("tidewire."), problem.msg


class NeedsRequest(serializers.ModelSerializer):
    mine = serializers.SerializerMethodField()

    class Meta:
        model = Board
        fields = ["id", "mine"]

    def get_mine(self, board):
        return self.context["request"].user.pk == board.pk


class NestedNeedsRequest(serializers.Serializer):
    board = NeedsRequest()


class MisspeltAttribute(serializers.Serializer):
    title = serializers.SerializerMethodField()

    def get_title(self, board):
        return board.titel


class MisspeltSource(serializers.Serializer):
    title = serializers.CharField(source="titel")


class NoJSON(serializers.Serializer):
    words = serializers.SerializerMethodField()

    def get_words(self, board):
        return 1 + 2j


class Unsure(serializers.Serializer):
    first = serializers.SerializerMethodField()

    def get_first(self, board):
        return board.name.split(",")[7]


class AsksTheDatabase(serializers.Serializer):
    items = serializers.SerializerMethodField()

    def get_items(self, board):
        return Item.objects.filter(board_id=board.pk, title__startswith="a").count()


@pytest.mark.parametrize(
    ("serializer", "id", "text"),
    [
        (NeedsRequest, "E135", "it needs context['request']"),
        (MisspeltAttribute, "E135", "no attribute 'titel'"),
        (MisspeltSource, "E135", "titel"),
        (ItemSerializer, "E135", "Board"),  # of another model
        (NoJSON, "E135", "not JSON"),
        (Unsure, "W135", "IndexError"),
        (BoardSerializer(), "E105", "not callable"),
        ("parcels.BoardSerializer", "E105", "not callable"),
        (dict, None, ""),
        (AsksTheDatabase, None, ""),
        (BoardSerializer, None, ""),
    ],
)
def test_serializers(monkeypatch, serializer, id, text):
    declaration = live(Board, serializer=serializer)
    if serializer is dict:  # is no serializer, but nothing about its name says so
        assert found(monkeypatch, declaration)
    elif id is None:
        assert found(monkeypatch, declaration) == []
    else:
        assert (one(monkeypatch, declaration)[0], text in one(monkeypatch, declaration)[1]) == (id, True)


def test_a_nested_serializer_that_needs_a_request(monkeypatch):
    id, text = one(monkeypatch, live(Item, stream=boards.of("board_id"), serializer=NestedNeedsRequest))
    assert (id, "it needs context['request']" in text) == ("E135", True)


class Counted(serializers.Serializer):
    votes = serializers.IntegerField(source="vote_count")
    labels = serializers.SlugRelatedField("name", many=True, read_only=True)
    stars = serializers.SerializerMethodField()

    def get_stars(self, item):
        return sum(vote.stars for vote in item.given) + len(item.board.name) + len(item.labels.all()[0].name)


def test_what_a_queryset_adds_is_there(monkeypatch):
    def rows():
        votes = Prefetch("votes", Vote.objects.all(), to_attr="given")
        return Item.objects.annotate(vote_count=Count("votes")).prefetch_related("labels", votes)

    declared = partial(Live, Item, stream=boards.of("board_id"), serializer=Counted)
    assert found(monkeypatch, declared(queryset=rows)) == []
    assert one(monkeypatch, declared())[0] == "E135"


@pytest.mark.parametrize("model", [Group, Label, Vote, Item])
def test_models_of_every_kind_can_be_tried(monkeypatch, model):
    class Everything(serializers.ModelSerializer):
        class Meta:
            fields = "__all__"

    Everything.Meta.model = model
    assert found(monkeypatch, live(model, serializer=Everything)) == []


@pytest.mark.parametrize(
    ("changes", "id", "text"),
    [
        ({"key": {"id": 1}}, "E133", "no function"),
        ({"key": lambda: {"id": 1}}, "E133", "does not take (row)"),
        ({"key": lambda row: {"id": row.idd}, "deleted": "board.deleted"}, "E135", "a `key`"),
        ({"is_deleted": lambda row, now: False}, "E133", "does not take (row)"),
        ({"is_deleted": lambda row: row.deleted_at is not None}, "E135", "an `is_deleted`"),
        ({"ends_access": lambda type: None}, "E133", "does not take (type, row)"),
        ({"ends_access": EVERYONE}, "E133", "no function"),
        ({"ends_access": lambda type, row: row.member_id, "created": "board.made"}, "E135", "an `ends_access`"),
        ({"queryset": Board.objects.all()}, "E133", "no function"),
        ({"queryset": lambda row: Board.objects.all()}, "E133", "does not take ()"),
        ({"complete_new": lambda: None}, "E133", "does not take (row)"),
        ({"intents": "board.closed"}, "E134", "one text"),
    ],
)
def test_functions_of_a_live_model(monkeypatch, changes, id, text):
    problems = found(monkeypatch, live(Board, **changes))
    assert (problems[0].id, text in problems[0].msg) == (f"tidewire.{id}", True)


async def asynchronous(user_id, keys):
    return keys


class Asynchronous:
    async def __call__(self, user_id, keys):
        return keys


@pytest.mark.parametrize("function", [asynchronous, partial(asynchronous), Asynchronous()])
@pytest.mark.parametrize("name", ["may_subscribe", "readers"])
def test_asynchronous_functions_of_a_kind(monkeypatch, name, function):
    (problem,) = found(monkeypatch, live(stream=kind(**{name: function}).of("id")))
    assert (problem.id, "is asynchronous" in problem.msg) == ("tidewire.E122", True)


def test_a_merge_of_another_form(monkeypatch):
    (problem,) = found(monkeypatch, Fact("a.b", kind=boards, serializer=AnySerializer, merge=lambda one: one))
    assert problem.id == "tidewire.E133"


# -- access that never ends --------------------------------------------------------------------------------------------


def test_a_kind_without_anything_that_ends_access(monkeypatch):
    open_kind = kind(keeps_access=False)
    (problem,) = found(monkeypatch, live(stream=open_kind.of("id")))
    assert (problem.id, problem.obj, problem.level) == ("tidewire.W132", open_kind, checks.WARNING)
    assert "keeps_access=True" in problem.hint
    ending = live(stream=open_kind.of("id"), ends_access=lambda type, row: EVERYONE)
    assert found(monkeypatch, ending) == []


# -- misspelt intents --------------------------------------------------------------------------------------------------

SOURCE = """
from tidewire import updates_named
import tidewire

def close(board, name):
    with updates_named(Board, "board.clsoed"):
        board.save()
    with tidewire.updates_named(Board, type="lamp.lit"), updates_named(Board, name):
        board.save()
"""


@pytest.fixture
def source(tmp_path, monkeypatch):
    (tmp_path / "views.py").write_text(SOURCE)
    for name in ("tests", "migrations", "node_modules"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "other.py").write_text("not even Python: updates_named(")
    (tmp_path / "test_views.py").write_text("updates_named(Board, 'board.nonsense')")
    app = type("App", (), {"path": str(tmp_path)})
    monkeypatch.setattr(intents.apps, "get_app_configs", lambda: [app])
    return tmp_path / "views.py"


def test_an_intent_that_no_declaration_lists(monkeypatch, source):
    problem, other = found(monkeypatch, live(intents=("board.closed",)))
    assert (problem.id, problem.hint) == ("tidewire.E131", "Write 'board.closed'.")
    assert f"{source}:6" in problem.msg
    assert ("'lamp.lit'" in other.msg, "intents" in other.hint) == (True, True)


@pytest.mark.usefixtures("source")
def test_intents_that_are_listed(monkeypatch):
    assert found(monkeypatch, live(intents=("board.clsoed", "lamp.lit"))) == []


# -- what a problem says -----------------------------------------------------------------------------------------------


def test_a_problem_is_shown_with_its_declaration(monkeypatch):
    (problem,) = found(monkeypatch, live(), Touch(Vote, parent="stars"))
    assert str(problem).startswith("Touch(Vote, parent='stars'): (tidewire.E111) tests/tidewire/checks/")
    assert "HINT: Name a foreign key of the model: item." in str(problem)


def test_an_id_is_given_by_one_module():
    """It is what SILENCED_SYSTEM_CHECKS and people name."""
    given: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tidewire").rglob("*.py")):
        for id in re.findall(r'"(?:tidewire\.)?([EW]\d{3})"', path.read_text()):
            given.setdefault(id, set()).add(path.name)
    assert len(given) > 25
    assert {id: names for id, names in given.items() if len(names) > 1} == {}
