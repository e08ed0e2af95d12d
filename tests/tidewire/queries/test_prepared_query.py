"""A prepared query returns what its queryset returns, whatever the model, the parameters and the shape of the query."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, connections, models, transaction
from django.db.models import Case, Count, Exists, F, OuterRef, Prefetch, Q, Value, When
from django.db.models.sql.compiler import SQLCompiler
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rig.verify import IS_VERIFY
from tests.tidewire.liveapp.models import Board, Counter, Country, Item, Label, Owner, ProxyItem, Vote
from tidewire.queries import prepared_query
from tidewire.queries.prepared_query import PreparedQuery

pytestmark = pytest.mark.django_db

EXAMPLES = 100 if IS_VERIFY else 8
START = datetime(2026, 1, 1, tzinfo=UTC)
IDS = [uuid.UUID(int=number) for number in range(1, 8)]

ids = st.sampled_from(IDS)
numbers = st.integers(-2, 6) | st.sampled_from([20_000, 20_001, 2**15, 2**31, 2**63, -(2**63), 10**30])
bounds = st.integers(0, 7)
texts = st.sampled_from(["a", "b", "c 100 %", "%s", "'", "sample 0 0", ""])
times = st.integers(-1, 5).map(lambda days: START + timedelta(days=days))
nothing: st.SearchStrategy[Any] = st.none()

SHAPES: dict[str, tuple[Callable[..., Any], list[st.SearchStrategy[Any]]]] = {
    "a key": (lambda pk: Item.objects.filter(pk=pk), [ids]),
    "a key as text": (lambda pk: Item.objects.filter(pk=pk), [ids.map(str) | ids]),
    "a number as key": (lambda pk: Counter.objects.filter(pk=pk), [numbers]),
    "a text as key": (lambda pk: Country.objects.filter(pk=pk), [texts]),
    "a proxy": (lambda board: ProxyItem.objects.filter(board=board), [ids]),
    "several parameters": (lambda board, title: Item.objects.filter(board=board, title=title), [ids, texts]),
    "one parameter twice": (lambda n: Item.objects.filter(Q(rank=n) | Q(votes__stars=n)), [numbers]),
    "joined": (lambda pk: Item.objects.select_related("board", "owner").filter(board=pk), [ids]),
    "deferred": (lambda pk: Item.objects.select_related("board").defer("title", "board__name").filter(board=pk), [ids]),
    "only": (lambda pk: Item.objects.only("title").filter(pk=pk), [ids]),
    "annotated": (
        lambda n: Item.objects.annotate(
            twice=F("rank") * 2, five=Value(5), text=Value("100 %s"), votes_count=Count("votes")
        ).filter(rank__gte=n, votes_count__lt=3),
        [numbers],
    ),
    "a parameter among the columns": (
        lambda n: Item.objects.annotate(n=Value(n), m=F("rank") + n),
        [st.integers(0, 9)],
    ),
    "a text among the columns": (lambda text: Item.objects.annotate(text=Value(text)), [texts]),
    "cases": (
        lambda n, text: Item.objects.annotate(kind=Case(When(rank=n, then=Value("n")), default=Value(text))),
        [numbers, texts],
    ),
    "a subquery": (
        lambda n, pk: Item.objects.annotate(is_liked=Exists(Vote.objects.filter(item=OuterRef("pk"), stars=n))).filter(
            board__in=Board.objects.filter(pk=pk)
        ),
        [numbers, ids],
    ),
    "a range": (lambda low, high: Item.objects.filter(rank__gt=low, rank__lte=high), [numbers, numbers]),
    "between": (lambda low, high: Item.objects.filter(rank__range=(low, high)), [st.integers(0, 6), st.integers(0, 6)]),
    "two of a set": (lambda one, other: Item.objects.filter(pk__in=[one, other]), [ids, ids]),
    "excluded": (lambda pk, n: Item.objects.exclude(board=pk).exclude(rank=n), [ids, numbers]),
    "a small number": (lambda n: Country.objects.filter(size=n), [numbers]),
    "a decimal": (lambda n: Country.objects.filter(area=n), [st.integers(-2, 6) | st.just(2**40)]),
    "a time": (lambda at: Country.objects.filter(founded_at__lt=at), [times]),
    "a time or nothing": (lambda at: Country.objects.filter(founded_at=at), [times | nothing]),
    "a truth": (lambda is_island: Country.objects.filter(is_island=is_island), [st.booleans()]),
    "a key or nothing": (lambda owner: Item.objects.filter(owner=owner), [st.integers(0, 4) | nothing]),
    "a prefix": (lambda text: Country.objects.filter(name__startswith=text), [texts]),
    "any case": (lambda text: Country.objects.filter(name__iexact=text), [texts]),
    "constants": (
        lambda pk: (
            Country.objects.filter(pk=pk, is_island=True, area__gt=1, facts={"a": "%"})
            | Country.objects.filter(name="c 100 %", founded_at__gte=START)
        ),
        [texts],
    ),
    "a limit": (lambda pk, limit: Item.objects.filter(board=pk).order_by("pk")[:limit], [ids, bounds]),
    "a limit and one": (lambda limit: Item.objects.order_by("pk")[: limit + 1], [bounds]),
    "a page": (lambda offset, limit: Item.objects.order_by("pk")[offset : offset + limit], [bounds, bounds]),
    "a slice": (lambda start, stop: Item.objects.order_by("pk")[start:stop], [bounds, bounds]),
    "one number as bound and value": (lambda n: Item.objects.filter(rank__lte=n).order_by("pk")[:n], [bounds]),
    "distinct": (lambda n: Board.objects.filter(items__rank__gte=n).distinct(), [numbers]),
    "ordered by another table": (lambda n: Item.objects.filter(rank__gte=n).order_by("board__name", "-pk"), [numbers]),
    "extra columns": (lambda n: Item.objects.extra(select={"one": "1"}).filter(rank=n), [numbers]),
    "a list": (lambda pks: Item.objects.filter(pk__in=pks), [st.lists(ids)]),
    "prefetched": (lambda pk: Item.objects.filter(board=pk).prefetch_related("votes", "labels", "board__items"), [ids]),
    "prefetched by a queryset": (
        lambda pk: Board.objects.filter(pk=pk).prefetch_related(
            Prefetch("items", Item.objects.order_by("-rank").prefetch_related("votes"), to_attr="by_rank")
        ),
        [ids],
    ),
    "a parameter in a prefetch": (
        lambda n: Item.objects.prefetch_related(Prefetch("votes", Vote.objects.filter(stars=n))),
        [st.integers(0, 5)],
    ),
    "prefetched and sliced": (lambda limit: Board.objects.order_by("pk").prefetch_related("items")[:limit], [bounds]),
    "many to many": (lambda code: Country.objects.filter(neighbours=code).prefetch_related("neighbours"), [texts]),
    "nothing at all": (lambda n: Item.objects.none().filter(rank=n), [numbers]),
    "without parameters": (lambda: Item.objects.all(), []),
    "a union": (lambda n: Item.objects.filter(rank=n).union(Item.objects.filter(rank=1)), [numbers]),
    "dictionaries": (lambda n: Item.objects.filter(rank__gte=n).values("rank", "board__name"), [numbers]),
    "a related manager": (lambda n: Board(pk=IDS[0]).items.filter(rank__gte=n), [numbers]),
}


@pytest.fixture
def _rows(db) -> None:
    """Some rows of each table, the same in every test."""
    owners = [Owner.objects.create(pk=number, name=f"owner {number}") for number in (1, 2)]
    boards = [Board.objects.create(pk=pk, name=f"board {pk.int % 2}") for pk in IDS[:2]]
    labels = [Label.objects.create(name=name) for name in "ab"]
    for number, pk in enumerate(IDS[:6]):
        item = Item.objects.create(
            pk=pk, board=boards[number % 2], owner=[*owners, None][number % 3], title="abc"[number % 3], rank=number % 4
        )
        item.labels.set(labels[: number % 3])
        Vote.objects.bulk_create(Vote(item=item, stars=stars) for stars in range(number % 4))
        Counter.objects.create(pk=number, name=str(number), board=boards[0])
    codes = ["a", "b", "c 100 %", "%s"]
    for number, code in enumerate(codes):
        Country.objects.create(
            code=code,
            name=code,
            area=number or None,
            size=number,
            is_island=number % 2 == 0,
            founded_at=START + timedelta(days=number) if number else None,
            facts={"a": "%"} if number % 2 == 0 else {},
        )
    Country.objects.get(pk="a").neighbours.set(codes[1:])


def shown(value: Any, depth: int = 3) -> Any:
    """All that a row holds: columns, annotations, what is not deferred; joined and prefetched rows, to a depth."""
    if not isinstance(value, models.Model):
        return [shown(each, depth) for each in value] if isinstance(value, list | models.QuerySet) else value
    caches = value._state.fields_cache, vars(value).get("_prefetched_objects_cache", {})
    held = {name: shown(each, depth) for name, each in vars(value).items() if not name.startswith("_")}
    others = [{name: shown(each, depth - 1) for name, each in cache.items()} for cache in caches] if depth else []
    return type(value), held, others, value._state.db, value._state.adding


def result_of(query: Callable[..., list[Any]], values: list[Any]) -> Any:
    """The rows, or the error: a query that Django refuses is refused."""
    try:
        return shown(query(*values))
    except (ValueError, TypeError) as error:
        return type(error)


def same_order(result: Any) -> Any:
    """Sorts rows of a queryset that has no order: PostgreSQL returns them as it finds them."""
    return sorted(result, key=repr) if isinstance(result, list) else result


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_it_returns_what_its_queryset_returns(shape, data):
    build, strategies = SHAPES[shape]
    query: PreparedQuery[Any, ...] = PreparedQuery(build)
    for _ in range(3):
        values = [data.draw(strategy) for strategy in strategies]
        expected = result_of(lambda *values: list(build(*values)), values)
        assert same_order(result_of(partial(query.all, "default"), values)) == same_order(expected)


# -- what is compiled, and how often -----------------------------------------------------------------------------------


@contextmanager
def compilations():
    """Counts how often the ORM compiles a query meanwhile."""
    counted: list[str] = []
    as_sql = SQLCompiler.as_sql

    def counting(self, *args, **kwargs):
        sql, params = as_sql(self, *args, **kwargs)
        counted.append(sql)
        return sql, params

    with patch.object(SQLCompiler, "as_sql", counting):
        yield counted


BY_BOARD = PreparedQuery(lambda board_id: Item.objects.filter(board=board_id))


def test_it_is_compiled_once(board, other_board):
    BY_BOARD.all("default", board.pk)
    with compilations() as counted:
        for pk in (board.pk, other_board.pk, uuid.uuid4()):
            BY_BOARD.all("default", pk)
    assert counted == []


@pytest.mark.usefixtures("_off")
def test_where_the_setting_is_off_it_is_compiled_each_time(board):
    with compilations() as counted:
        BY_BOARD.all("default", board.pk)
        BY_BOARD.all("default", board.pk)
    assert len(counted) == 2


def test_a_bound_has_a_statement_for_each_value(board):
    newest = PreparedQuery(lambda board_id, limit: Item.objects.filter(board=board_id).order_by("-pk")[:limit])
    for limit in (1, 2):
        newest.all("default", board.pk, limit)
    with compilations() as counted:
        for limit in (1, 2, 1):
            newest.all("default", uuid.uuid4(), limit)
    assert counted == []


def test_it_keeps_a_bounded_number_of_statements(monkeypatch):
    monkeypatch.setattr(prepared_query, "MAX_STATEMENTS", 2)
    some = PreparedQuery(lambda limit: Board.objects.all()[:limit])
    for limit in (1, 2, 3):
        some.all("default", limit)
    with compilations() as counted:
        some.all("default", 3)
        some.all("default", 2)
        assert counted == []
        some.all("default", 1)
        assert counted != []


def test_it_is_one_query(board, django_assert_num_queries):
    Item.objects.create(board=board)
    query = PreparedQuery(lambda pk: Board.objects.filter(pk=pk).prefetch_related("items"))
    for _ in range(2):
        with django_assert_num_queries(2):
            query.all("default", board.pk)
        with django_assert_num_queries(1):
            query.all("default", uuid.uuid4())


def test_parameters_may_be_named(board, other_board):
    item = Item.objects.create(board=board, title="item")
    query = PreparedQuery(lambda board_id, title: Item.objects.filter(board=board_id, title=title))
    assert query.all("default", title="item", board_id=board.pk) == [item]
    assert query.first("default", other_board.pk, title="item") is None


@pytest.mark.parametrize("values", [(), (1, 2)])
def test_a_wrong_number_of_parameters_is_refused(values):
    with pytest.raises(TypeError):
        BY_BOARD.all("default", *values)


def test_the_first_row_or_none(board):
    items = [Item.objects.create(board=board, title=title) for title in "ab"]
    query = PreparedQuery(lambda board_id: Item.objects.filter(board=board_id).order_by("-title"))
    assert query.first("default", board.pk) == items[1]
    assert query.first("default", uuid.uuid4()) is None


def test_it_shows_rows_as_they_are_now(board):
    query = PreparedQuery(lambda pk: Board.objects.filter(pk=pk))
    assert [row.name for row in query.all("default", board.pk)] == ["board"]
    Board.objects.filter(pk=board.pk).update(name="renamed")
    assert [row.name for row in query.all("default", board.pk)] == ["renamed"]


@pytest.mark.django_db(transaction=True)
def test_each_thread_has_its_own(board):
    """A connection belongs to one thread."""
    BY_BOARD.all("default", board.pk)
    found = []

    def ask():
        found.append(BY_BOARD.all("default", board.pk))
        connections.close_all()

    item = Item.objects.create(board=board)
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == [[item]]


def test_an_order_is_kept(board):
    items = [Item.objects.create(board=board, title=title) for title in "bac"]
    query = PreparedQuery(lambda board_id: Item.objects.filter(board=board_id).order_by("title"))
    assert query.all("default", board.pk) == [items[1], items[0], items[2]]


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_inside_a_transaction_only(board):
    query = PreparedQuery(lambda pk: Board.objects.select_for_update().filter(pk=pk))
    for _ in range(2):
        with transaction.atomic():
            assert query.first("default", board.pk) == board
    if connection.features.has_select_for_update:
        with pytest.raises(transaction.TransactionManagementError):
            query.first("default", board.pk)


def test_what_cannot_be_compiled_in_advance_is_said(caplog):
    caplog.set_level("INFO", logger="tidewire.queries.prepared_query")
    query = PreparedQuery(lambda text: Country.objects.filter(name__contains=text))
    assert query.all("default", "a") == query.all("default", "a") == []
    assert len(caplog.records) == 1
