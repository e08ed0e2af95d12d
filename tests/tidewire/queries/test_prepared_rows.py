"""Prepared rows are what the serializer returns of the same rows' instances: for every field that has a plan, and for
those that have none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Prefetch, Q, Value
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework import serializers

from tests.rig.verify import IS_VERIFY
from tests.tidewire.liveapp.declarations import CounterSerializer, ItemSerializer
from tests.tidewire.liveapp.models import Board, Counter, Country, Item, Owner, Vote
from tests.tidewire.queries.test_prepared_query import IDS, _rows, ids, numbers, texts  # noqa: F401  pytest's fixture
from tidewire.queries.prepared_rows import PreparedRows
from tidewire.queries.related_rows import RelatedRows
from tidewire.rest.fields import UTCField

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_rows")]

EXAMPLES = 50 if IS_VERIFY else 3


class OwnerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Owner
        fields = ["id", "name"]


class BoardSerializer(serializers.ModelSerializer):
    class Meta:
        model = Board
        fields = ["id", "name", "version"]


class ItemRow(serializers.ModelSerializer):
    """Columns, keys, joined objects, values of joined objects, and a group of values of the row itself."""

    class Group(serializers.Serializer):
        rank = serializers.IntegerField()
        name = serializers.CharField(source="title")

    key = serializers.UUIDField(source="id", format="hex")
    board = BoardSerializer()
    owner = OwnerSerializer()
    owner_name = serializers.CharField(source="owner.name", allow_null=True)
    board_name = serializers.CharField(source="board.name", allow_null=True)
    group = Group(source="*")
    is_high = serializers.BooleanField()
    stars = serializers.ListField(child=serializers.IntegerField())

    class Meta:
        model = Item
        fields = [
            *("id", "key", "board", "owner", "owner_name", "board_name", "group", "title", "slug", "rank"),
            *("archived_at", "is_high", "stars", "version"),
        ]


class KeysSerializer(serializers.ModelSerializer):
    """Foreign keys as the keys that they are."""

    board_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = Item
        fields = ["board", "board_id", "owner"]
        read_only_fields = ["board", "owner"]


class CountrySerializer(serializers.ModelSerializer):
    """Each kind of column."""

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping

    day = serializers.DateTimeField(source="founded_at", format="%Y-%m-%d")
    at = UTCField(source="founded_at")

    class Meta:
        model = Country
        fields = ["code", "name", "area", "is_island", "founded_at", "day", "at", "size", "facts"]


class StarsSerializer(serializers.Serializer):
    stars = serializers.IntegerField()
    item = serializers.UUIDField()


class BoardWithVotes(BoardSerializer):
    votes = StarsSerializer(many=True)

    class Meta(BoardSerializer.Meta):
        fields = [*BoardSerializer.Meta.fields, "votes"]


class WithRequest(BoardSerializer):
    def to_representation(self, instance):
        return super().to_representation(instance) | {"as": type(instance).__name__}


class WithProperty(serializers.Serializer):
    text = serializers.CharField(source="__str__")


class Required(serializers.Serializer):
    owner = serializers.CharField(source="owner.name", required=False)


class PreparedField(serializers.Field):
    def get_attribute(self, instance):
        return instance.pk

    def to_representation(self, value):
        return str(value)


class WithOwnField(serializers.Serializer):
    it = PreparedField()


def votes() -> RelatedRows:
    rows = Vote.objects.filter(item__board=OuterRef("pk")).order_by("item", "stars")
    return RelatedRows(rows, "stars", "item", into=lambda rows: [{"stars": s, "item": i} for s, i in rows])


def stars() -> RelatedRows:
    rows = Vote.objects.filter(item=OuterRef("pk")).order_by("-stars")
    return RelatedRows(rows, "stars", into=lambda rows: [row[0] for row in rows])


Shape = tuple[Callable[..., Any], type[serializers.BaseSerializer[Any]], list[st.SearchStrategy[Any]], str]

SHAPES: dict[str, Shape] = {
    "joined, annotated and grouped": (
        lambda pk: (
            Item.objects.select_related("board", "owner")
            .annotate(is_high=Q(rank__gt=2), stars=stars())
            .filter(board=pk)
            .order_by("pk")
        ),
        ItemRow,
        [ids],
        "",
    ),
    "keys": (lambda pk: Item.objects.filter(board=pk).order_by("pk"), KeysSerializer, [ids], ""),
    "every kind of column": (
        lambda n: Country.objects.filter(size__gte=n).order_by("pk"),
        CountrySerializer,
        [numbers],
        "",
    ),
    "rows of another table": (
        lambda pk: Board.objects.filter(pk=pk).annotate(votes=votes()),
        BoardWithVotes,
        [ids],
        "",
    ),
    "a live serializer": (lambda n: Counter.objects.filter(value=n).order_by("pk"), CounterSerializer, [numbers], ""),
    "a page": (
        lambda pk, limit: Item.objects.filter(board=pk).order_by("pk")[:limit],
        KeysSerializer,
        [ids, st.integers(1, 4)],
        "",
    ),
    "a deferred column": (
        lambda pk: Board.objects.defer("name").filter(pk=pk),
        BoardSerializer,
        [ids],
        "BoardSerializer.name shows name, which is no column or annotation of the query",
    ),
    "an object that is not joined": (
        lambda n: Item.objects.annotate(is_high=Value(True), stars=stars()).filter(rank=n),
        ItemRow,
        [numbers],
        "ItemRow.board shows board, which the query does not join",
    ),
    "a method": (
        lambda pk: Item.objects.prefetch_related("labels", "links", "shelves", "votes").filter(board=pk),
        ItemSerializer,
        [ids],
        "the query has a prefetch_related: an aggregate such as RelatedRows takes its place",
    ),
    "a method without a prefetch": (
        lambda pk: Item.objects.filter(board=pk).order_by("pk"),
        ItemSerializer,
        [ids],
        "ItemSerializer.labels reads its value itself",
    ),
    "a representation of its own": (
        lambda pk: Board.objects.filter(pk=pk),
        WithRequest,
        [ids],
        "WithRequest has a to_representation of its own",
    ),
    "a property": (lambda pk: Board.objects.filter(pk=pk), WithProperty, [ids], "WithProperty.text shows __str__"),
    "a value that is left out": (
        lambda pk: Item.objects.select_related("owner").filter(board=pk).order_by("pk"),
        Required,
        [ids],
        "Required.owner leaves a value out where a joined object is missing",
    ),
    "a field that reads its value": (
        lambda pk: Board.objects.filter(pk=pk),
        WithOwnField,
        [ids],
        "WithOwnField.it reads its value itself",
    ),
    "a query that is compiled each time": (
        lambda text: Country.objects.filter(name__contains=text).order_by("pk"),
        CountrySerializer,
        [texts],
        "the query cannot be compiled in advance",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_they_are_what_the_serializer_returns(shape, data):
    build, serializer, strategies, _ = SHAPES[shape]
    rows = PreparedRows(build, serializer)
    for _ in range(2):
        values = [data.draw(strategy) for strategy in strategies]
        expected = serializer(build(*values), many=True).data
        assert rows.all("default", *values).data == expected
        assert rows.first("default", *values) == next(iter(expected), None)


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=1, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_why_instances_are_needed_is_said(shape, data):
    build, serializer, strategies, reason = SHAPES[shape]
    why_not = PreparedRows(build, serializer).why_not("default", *(data.draw(strategy) for strategy in strategies))
    assert why_not.startswith(reason) if reason else why_not == ""


def test_a_column_is_kept_beside_the_values():
    rows = PreparedRows(
        lambda pk: Item.objects.select_related("owner").filter(board=pk).order_by("pk"),
        KeysSerializer,
        [("rank",), ("owner", "name"), ("pk",)],
    )
    for is_on in (True, False):
        with override_settings(TIDEWIRE={"PREPARED_QUERIES": is_on}):
            found = rows.all("default", IDS[0])
            shown = [
                [found.value(n, path) for path in (("rank",), ("owner", "name"), ("pk",))] for n in range(len(found))
            ]
            items = Item.objects.filter(board=IDS[0]).select_related("owner").order_by("pk")
            assert shown == [[item.rank, item.owner.name if item.owner else None, item.pk] for item in items]


def test_a_join_with_a_condition_is_no_related_object():
    """`select_related` of a FilteredRelation puts the object under the name of the relation, not of the field."""
    rows = PreparedRows(
        lambda pk: (
            Board.objects.filter(pk=pk)
            .annotate(high=FilteredRelation("items", condition=Q(items__rank__gt=1)), n=Count("items"), first=F("name"))
            .filter(Exists(Item.objects.filter(board=OuterRef("pk"))))
        ),
        BoardSerializer,
    )
    assert rows.why_not("default", IDS[0]) == ""
    assert rows.all("default", IDS[0]).data == BoardSerializer(Board.objects.filter(pk=IDS[0]), many=True).data


def test_one_query_and_no_instance(django_assert_num_queries, monkeypatch):
    rows = PreparedRows(SHAPES["joined, annotated and grouped"][0], ItemRow)
    rows.all("default", IDS[0])
    monkeypatch.setattr(Item, "from_db", None)
    with django_assert_num_queries(1):
        assert len(rows.all("default", IDS[0])) == 3


def test_related_rows_of_a_prefetch_and_none():
    boards = Board.objects.annotate(votes=votes()).prefetch_related(Prefetch("items", Item.objects.annotate(s=stars())))
    for board in boards:
        expected = Vote.objects.filter(item__board=board).order_by("item", "stars")
        assert board.votes == [{"stars": vote.stars, "item": str(vote.item_id)} for vote in expected]
        for item in board.items.all():
            assert item.s == sorted((vote.stars for vote in item.votes.all()), reverse=True)
