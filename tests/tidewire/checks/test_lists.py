"""A list with an ETag that shows what its stream does not tell of is refused at start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db.models import Count, F, OuterRef
from rest_framework import serializers

from tests.tidewire.liveapp.declarations import boards
from tests.tidewire.liveapp.models import Item, Vote
from tidewire.checks.lists import check_tagged_lists, problems_of
from tidewire.declare.registry import registry
from tidewire.queries.related_rows import RelatedRows
from tidewire.rest.prepared_pages import PreparedPages
from tidewire.rest.tags import Clock


class OwnerSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class PlainSerializer(serializers.ModelSerializer):
    class Meta:
        model = Item
        fields = ["id", "title", "board", "version"]
        read_only_fields = fields


class OwnedSerializer(serializers.ModelSerializer):
    owner = OwnerSerializer()

    class Meta:
        model = Item
        fields = ["id", "owner"]


class CountedSerializer(serializers.Serializer):
    n = serializers.IntegerField()


class MethodSerializer(serializers.Serializer):
    n = serializers.SerializerMethodField()


OWNERS = Clock(frozenset({"liveapp.Owner.name"}), lambda: Item.objects.none())


def items(board: Any) -> Any:
    return Item.objects.filter(board=board)


def problems(build: Any, serializer: Any, clocks: tuple[Clock, ...] = ()) -> list[str]:
    return list(problems_of(PreparedPages(build, serializer, told_by=boards, clocks=clocks)))


def test_columns_and_parts_of_live_rows_are_told():
    votes = RelatedRows(Vote.objects.filter(item=OuterRef("pk")), "stars")
    assert problems(items, PlainSerializer) == []
    assert problems(lambda board: items(board).annotate(n=votes), CountedSerializer) == []
    assert problems(lambda board: items(board).annotate(n=F("rank")), CountedSerializer) == []


def test_a_column_of_another_row_needs_a_clock():
    def build(board: Any) -> Any:
        return items(board).select_related("owner")

    (problem,) = problems(build, OwnedSerializer)
    assert problem == "owner.name is liveapp.Owner.name, which its stream does not tell of"
    assert problems(build, OwnedSerializer, (OWNERS,)) == []


@pytest.mark.parametrize(
    ("build", "serializer", "expected"),
    [
        (
            lambda board: items(board).annotate(n=Count("votes")),
            CountedSerializer,
            "n is an annotation whose rows are not known",
        ),
        (
            lambda board: items(board).annotate(n=RelatedRows(Item.labels.through.objects.all(), "label")),
            CountedSerializer,
            "n is liveapp.Item_labels.*, which its stream does not tell of",
        ),
        (items, MethodSerializer, "what it shows cannot be told in advance: MethodSerializer.n"),
    ],
)
def test_what_is_not_known_is_refused(build, serializer, expected):
    (problem,) = problems(build, serializer)
    assert problem.startswith(expected)


@pytest.mark.parametrize("narrowed", [{"ignore": ("title",)}, {"fields": ("rank",)}, {"updated": None}])
def test_a_column_whose_writes_are_no_events_is_not_told(monkeypatch, narrowed):
    lives = [replace(live, **narrowed) if live.model is Item else live for live in registry.lives]
    monkeypatch.setattr(registry, "lives", lives)
    assert "title is liveapp.Item.title, which its stream does not tell of" in problems(items, PlainSerializer)


@pytest.mark.parametrize("name", ["liveapp.Owner.nam", "liveapp.Nobody.name", "name"])
def test_a_clock_of_no_column_is_refused(name):
    (problem,) = problems(items, PlainSerializer, (Clock(frozenset({name}), lambda: Item.objects.none()),))
    assert problem == f"one of its clocks counts {name!r}, which is no column: write app.Model.column"


def test_it_is_an_error_of_manage_py_check():
    PreparedPages(lambda board: items(board).select_related("owner"), OwnedSerializer, told_by=boards)
    (error,) = check_tagged_lists(None)
    assert (error.id, error.obj) == ("tidewire.E130", OwnedSerializer)
    assert "liveapp.Owner.name" in error.msg
