"""Keyset pages over any column: whatever its type, whatever is missing, each row is on one page, in one order."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain

import pytest
from django.db.models import Count, Sum
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.test import APIRequestFactory

from tests.tidewire.liveapp.models import Country, Item, Owner
from tidewire.rest.pagination import Cursor, as_json
from tidewire.rest.views import ResourceViewSet

requests = APIRequestFactory()


class CountrySerializer(serializers.ModelSerializer):
    class Meta:
        model = Country
        fields = ["code"]


class Countries(ListModelMixin, ResourceViewSet):
    authentication_classes = permission_classes = ()
    queryset = Country.objects.annotate(near=Count("neighbours"), most=Sum("neighbours__size"))
    serializer_class = CountrySerializer
    orderings = ("name", "area", "is_island", "founded_at", "size", "near", "most", "code", "pk")


class ItemSerializer(serializers.ModelSerializer):
    class Meta:
        model = Item
        fields = ["id"]


class Items(ListModelMixin, ResourceViewSet):
    authentication_classes = permission_classes = ()
    queryset = Item.objects.all()
    serializer_class = ItemSerializer
    orderings = ("slug", "rank", "archived_at", "owner", "owner_id", "owner__name")


def page(view: type[ResourceViewSet], **parameters: object):
    request = requests.get("/", {name: str(value) for name, value in parameters.items()})
    return view.as_view({"get": "list"})(request)


def walk(view: type[ResourceViewSet], ordering: str, link: str) -> list[list[str]]:
    """Returns the keys of each page, from the first page on, or back from the last."""
    answer, pages = page(view, ordering=ordering, limit=3), []
    assert answer.status_code == 200, answer.data
    following = {"next": "next", "previous": "previous"}[link]
    if link == "previous":  # to the end first
        while answer.data["next"]:
            answer = view.as_view({"get": "list"})(requests.get(answer.data["next"]))
    while True:
        pages.append([str(next(iter(row.values()))) for row in answer.data["results"]])
        if not answer.data[following]:
            return pages
        answer = view.as_view({"get": "list"})(requests.get(answer.data[following]))
        assert answer.status_code == 200, answer.data


@pytest.fixture
def countries(transactional_db) -> None:
    start = datetime(1900, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
    made = Country.objects.bulk_create(
        Country(
            code=f"c{number:02}",
            name=["Aa", "bb", "ÉÉ", "", "Aa"][number % 5],
            area=None if number % 3 == 0 else Decimal(number % 4) / 4,
            is_island=number % 2 == 0,
            founded_at=None if number % 4 == 0 else start + timedelta(seconds=number % 3),
            size=number % 3 - 1,
        )
        for number in range(13)
    )
    for number, country in enumerate(made):
        country.neighbours.add(*made[: number % 3])


@pytest.fixture
def items(board) -> None:
    owners = [Owner.objects.create(name=name) for name in ("Ann", "Bob", "Ann")]
    for number in range(13):
        Item.objects.create(
            board=board,
            title="item",
            owner=None if number % 4 == 0 else owners[number % 3],
            slug=None if number % 3 == 0 else f"s{number}",
            rank=number % 3,
            archived_at=None if number % 5 else datetime(2026, 1, number + 1, tzinfo=UTC),
        )


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("column", Countries.orderings)
def test_each_row_is_on_one_page(countries, column, sign):
    _each_once(Countries, Country, f"{sign}{column}")


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("column", Items.orderings)
def test_each_row_is_on_one_page_also_by_columns_behind_a_relation(items, column, sign):
    _each_once(Items, Item, f"{sign}{column}")


def _each_once(view, model, ordering: str) -> None:
    forward, back = walk(view, ordering, "next"), walk(view, ordering, "previous")
    keys = [*chain(*forward)]
    assert sorted(keys) == sorted(str(pk) for pk in model.objects.values_list("pk", flat=True))
    assert [*chain(*reversed(back))] == keys
    down = walk(view, ordering.removeprefix("-") if ordering.startswith("-") else f"-{ordering}", "next")
    assert [*chain(*down)] == keys[::-1]


def test_without_an_order_the_key_orders(items):
    class Plain(Items):
        orderings = ()

    answer = page(Plain, limit=100)
    assert [row["id"] for row in answer.data["results"]] == [
        str(pk) for pk in Item.objects.order_by("-pk").values_list("pk", flat=True)
    ]


def forged(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "parts",
    [
        ("f", "area", "x", "c01"), ("f", "area", "NaN", "c01"), ("f", "area", [], "c01"), ("f", "area", 1, "c01"),
        ("f", "area", "1.0", 5), ("f", "area", "1.0", None), ("x", "area", "1.0", "c01"), ("f", "area", "1.0"),
        ("f", "name", "Aa", "c01"), ("f", "area", {"a": 1}, "c01"), ("f", "area", "sNaN", "c01"),
        ("f", "area", "1e999999999", "c01"),
    ],
    ids=repr,
)  # fmt: skip
def test_what_no_page_has_made_is_no_cursor(countries, parts):
    answer = page(Countries, ordering="area", cursor=forged(*parts))
    assert (answer.status_code, answer.data["errors"][0]["pointer"]) == (400, "/cursor")


@pytest.mark.parametrize("value", ["2026-01-01T00:00:00+02:00", "2026-01-01", "0000-01-01T00:00:00+00:00", 5, True])
def test_a_time_of_a_cursor_is_in_utc(countries, value):
    answer = page(Countries, ordering="founded_at", cursor=forged("f", "founded_at", value, "c01"))
    assert answer.status_code == 400


def test_a_cursor_is_of_one_ordering(countries):
    cursor = Cursor("f", "size", 0, "c01").encode()
    assert page(Countries, ordering="size", cursor=cursor).status_code == 200
    assert page(Countries, ordering="area", cursor=cursor).status_code == 400


def test_values_become_what_json_holds():
    assert as_json(timedelta(days=1, microseconds=5)) == "P1DT00H00M00.000005S"
    assert as_json(Decimal("1.50")) == "1.50"
    assert as_json(datetime(2026, 1, 1)) == "2026-01-01T00:00:00"  # noqa: DTZ001  of a project without time zones


@pytest.mark.parametrize("limit", [1, 4, 5, 100])
@pytest.mark.parametrize("ordering", ["area", "-area", "name", "-founded_at"])
def test_a_page_around_a_row_goes_on_in_both_directions(countries, ordering, limit):
    """Whatever the row and the size of the page, walking to both ends from there shows each row once, in order."""
    every = [*chain(*walk(Countries, ordering, "next"))]
    for place, code in enumerate(every):
        answer = page(Countries, ordering=ordering, limit=limit, around=code)
        shown = [row["code"] for row in answer.data["results"]]
        first = max(0, place - limit // 2)
        assert shown == every[first : place + limit - limit // 2]
        assert [answer.data[link] is not None for link in ("previous", "next")] == [
            first > 0, place + limit - limit // 2 < len(every)
        ]  # fmt: skip
        for link, side in (("previous", every[:first]), ("next", every[first + len(shown) :])):
            following, found = answer, []
            while following.data[link]:
                assert "around" not in following.data[link]
                following = Countries.as_view({"get": "list"})(requests.get(following.data[link]))
                codes = [row["code"] for row in following.data["results"]]
                found = codes + found if link == "previous" else found + codes
            assert found == side


@pytest.mark.parametrize(
    ("parameters", "code"),
    [({"around": "c99"}, "not_in_list"), ({"around": ""}, "not_in_list"), ({"around": "c\0"}, "not_in_list")],
    ids=repr,
)
def test_a_page_around_no_row_is_refused(countries, parameters, code):
    answer = page(Countries, ordering="area", **parameters)
    assert (answer.status_code, answer.data["errors"][0]["pointer"]) == (400, "/around")
    assert answer.data["errors"][0]["code"] == code


def test_a_page_is_around_a_row_or_after_a_cursor(countries):
    following = page(Countries, ordering="area", limit=3).data["next"]
    answer = Countries.as_view({"get": "list"})(requests.get(f"{following}&around=c01"))
    assert (answer.status_code, answer.data["errors"][0]["pointer"]) == (400, "/around")
