"""The database keeps the index: whatever writes, whatever a migration does, whatever is declared anew."""

from __future__ import annotations

import io

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.migrations import Migration
from django.db.migrations.operations import AddField, AlterField, RemoveField

from tests.tidewire.deskapp.models import Ticket
from tests.tidewire.liveapp.models import Board, Item
from tests.tidewire.search.conftest import SEARCHED_ITEM
from tidewire.declare.registry import registry
from tidewire.search import indexes, installing, postgresql
from tidewire.search.matches import Matches, terms_of
from tidewire.search.words import parse

is_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="a statement of SQLite's")


def found(text: str, model: type[models.Model] = Item) -> set[str]:
    """Returns the titles of the rows that are found."""
    rows = model._base_manager.filter(Matches(*terms_of(parse(text), model)))
    return set(rows.values_list("title", flat=True))


@pytest.fixture
def item(searched) -> Item:
    return Item.objects.create(board=Board.objects.create(name="board"), title="red", slug="apple")


def execute(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def key(row: models.Model) -> object:
    field = row._meta.pk
    return field.get_db_prep_value(row.pk, connection)


# -- writes ------------------------------------------------------------------------------------------------------------


def test_all_columns_are_searched_together(item):
    Item.objects.create(board=item.board, title="red", slug=None)
    assert found("red apple") == found("apple red") == {"red"}
    assert Item.objects.filter(Matches(*terms_of(parse("apple"), Item))).count() == 1
    assert found("green") == set()


def test_a_column_that_is_not_searched_changes_nothing(item):
    Item.objects.filter(pk=item.pk).update(rank=5)
    assert found("apple") == {"red"}


def test_a_key_that_changes_keeps_its_texts(searched):
    ticket = Ticket.objects.create(title="leak")
    execute("UPDATE deskapp_ticket SET id = %s WHERE id = %s", ticket.pk + 1000, ticket.pk)
    assert found("leak", Ticket) == {"leak"}
    execute("DELETE FROM deskapp_ticket WHERE id = %s", ticket.pk + 1000)
    assert found("leak", Ticket) == set()


def test_ignored_conflicts_change_nothing(item):
    Item.objects.bulk_create([Item(pk=item.pk, board=item.board, title="blue")], ignore_conflicts=True)
    assert (found("blue"), found("red")) == (set(), {"red"})


@is_sqlite
def test_rows_that_replace_others(item):
    """SQLite calls no trigger for the row that is replaced."""
    values = "SELECT id, version, board_id, owner_id, 'blue', slug, rank, archived_at FROM liveapp_item"
    columns = "id, version, board_id, owner_id, title, slug, rank, archived_at"
    execute(f"REPLACE INTO liveapp_item ({columns}) {values} WHERE id = %s", key(item))
    assert (found("red"), found("blue apple")) == (set(), {"blue"})
    execute("INSERT INTO liveapp_item_search_words (liveapp_item_search_words) VALUES ('integrity-check')")


@is_sqlite
def test_the_index_agrees_with_its_texts_after_all_kinds_of_writes(item):
    for number in range(20):
        other = Item.objects.create(board=item.board, title=f"item {number}")
        if number % 2:
            other.delete()
        elif number % 3:
            Item.objects.filter(pk=other.pk).update(title="")
    execute("INSERT INTO liveapp_item_search_words (liveapp_item_search_words) VALUES ('integrity-check')")
    assert len(found("item")) == 4


def test_very_long_texts_are_stored(searched):
    """PostgreSQL refuses to index more than a megabyte of words."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    long = " ".join(f"wort{number}" for number in range(120_000))
    if connection.vendor == "postgresql":
        execute("ALTER TABLE deskapp_ticket DROP COLUMN tidewire_search")
        execute("ALTER TABLE deskapp_ticket ALTER COLUMN title TYPE text")
        installing.install("default")
    execute(
        "INSERT INTO deskapp_ticket (title, version, rank) VALUES (%s, '1', 0)",
        long,
    )
    assert found("wort17", Ticket) == {long}
    assert found("wort119999", Ticket) == set()


# -- declarations and migrations ---------------------------------------------------------------------------------------


def test_an_index_is_made_once(item):
    assert installing.install("default") == []


def test_tables_with_long_names_have_indexes_of_their_own():
    """A project names its tables; PostgreSQL cuts names of indexes at 63 bytes without a word."""
    tables = [f"{'a' * length}_{end}" for length in (30, 45, 60) for end in ("note", "notes")]
    tables += [f"{'ä' * 30}_{end}" for end in ("note", "notes")]
    names = [postgresql.index_name(table) for table in tables]
    assert len({name.encode()[:63] for name in names}) == len(tables)
    assert all(len(name.encode()) <= 63 and name.endswith(indexes.COLUMN) for name in names)


def test_rows_of_before_are_found(db, monkeypatch):
    board = Board.objects.create(name="board")
    Item.objects.create(board=board, title="old")
    if connection.vendor == "postgresql":
        execute("SET CONSTRAINTS ALL IMMEDIATE")
    monkeypatch.setattr(registry, "lives", [*registry.lives, SEARCHED_ITEM])
    assert installing.install("default") == ["liveapp_item"]
    assert found("old") == {"old"}


def test_what_is_no_longer_searched_has_no_index(item, monkeypatch):
    monkeypatch.setattr(registry, "lives", [live for live in registry.lives if not live.searched])
    _settle()
    installing.install("default")
    assert installing.outdated("default") == ([], [])
    with connection.cursor() as cursor:
        assert installing.DIALECTS[connection.vendor].installed(cursor) == {}
    item.title = "blue"
    item.save()


def test_another_language_makes_the_index_anew(item, settings):
    assert found("apples") == set()
    settings.TIDEWIRE = {**settings.TIDEWIRE, "SEARCH_LANGUAGES": ["english"]}
    _settle()
    assert sorted(installing.install("default")) == ["api_message", "deskapp_ticket", "liveapp_item"]
    assert found("apples") == found("Apple") == {"red"}
    settings.TIDEWIRE = {**settings.TIDEWIRE, "SEARCH_LANGUAGES": ["english", "simple"]}
    installing.install("default")
    assert found("apples") == {"red"}
    assert found("red -apples") == set()


def test_a_name_that_is_no_language_reaches_no_statement(settings):
    for names in (["simple'); DROP"], [""], []):
        settings.TIDEWIRE = {**settings.TIDEWIRE, "SEARCH_LANGUAGES": names}
        with pytest.raises(ImproperlyConfigured, match="SEARCH_LANGUAGES"):
            indexes.text_configurations()
        assert "tidewire.E141" in [problem.id for problem in checks.run_checks(tags=["tidewire"])]


def test_an_unknown_language_is_refused_before_a_migration(db, settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "SEARCH_LANGUAGES": ["klingon"]}
    found = [problem.id for problem in checks.run_checks(tags=["tidewire"], databases=["default"])]
    assert found == (["tidewire.E141"] if connection.vendor == "postgresql" else ["tidewire.W143"])


def test_an_index_that_is_missing_is_warned_of(item, settings):
    def ids() -> list[str]:
        return [problem.id for problem in checks.run_checks(tags=["tidewire"], databases=["default"])]

    assert "tidewire.W143" not in ids()
    _settle()
    with connection.cursor() as cursor:
        installing.DIALECTS[connection.vendor].remove(cursor, "liveapp_item")
    assert "tidewire.W143" in ids()


def test_a_copied_table_gets_its_triggers_back(item):
    """As SQLite's migrations copy a table: under another name, and then the old one is dropped."""
    _settle()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'liveapp_item'")
            execute(cursor.fetchone()[0].replace("liveapp_item", "copied", 1))
        execute("INSERT INTO copied SELECT * FROM liveapp_item")
        execute("DROP TABLE liveapp_item")
        execute("ALTER TABLE copied RENAME TO liveapp_item")
        Item.objects.filter(pk=item.pk).update(title="blue")
    else:
        execute("ALTER TABLE liveapp_item DROP COLUMN title CASCADE")
        execute("ALTER TABLE liveapp_item ADD COLUMN title varchar(50) NOT NULL DEFAULT 'blue'")
    assert installing.install("default") == ["liveapp_item"]
    assert (found("red"), found("blue")) == (set(), {"blue"})
    Item.objects.filter(pk=item.pk).update(title="green")
    assert (found("blue"), found("green")) == (set(), {"green"})


@pytest.mark.parametrize(
    ("operation", "is_removed"),
    [
        (AlterField("item", "title", models.TextField()), True),
        (RemoveField("item", "owner"), True),
        (AlterField("item", "rank", models.BigIntegerField()), False),
        (AddField("item", "size", models.IntegerField(null=True)), False),
    ],
)
def test_the_index_makes_way_for_migrations_that_it_would_block(item, operation, is_removed):
    _settle()
    migration = Migration("0002_change", "liveapp")
    migration.operations = [operation]
    installing._before_migrate("default", plan=[(migration, False)])
    with connection.cursor() as cursor:
        assert ("liveapp_item" not in installing.DIALECTS[connection.vendor].installed(cursor)) == is_removed


def test_flush_leaves_the_indexes(item, monkeypatch):
    monkeypatch.setattr(registry, "lives", [])
    installing._after_migrate("default", verbosity=0)
    with connection.cursor() as cursor:
        assert "liveapp_item" in installing.DIALECTS[connection.vendor].installed(cursor)


def test_migrate_says_what_it_made(item):
    _settle()
    with connection.cursor() as cursor:
        installing.DIALECTS[connection.vendor].remove(cursor, "liveapp_item")
    written = io.StringIO()
    with transaction.atomic():
        call_command("migrate", verbosity=1, stdout=written)
    assert "The search index of liveapp_item was made." in written.getvalue()


def _settle() -> None:
    """Checks what is deferred to COMMIT: PostgreSQL changes no table with such a check ahead."""
    if connection.vendor == "postgresql":
        execute("SET CONSTRAINTS ALL IMMEDIATE")
