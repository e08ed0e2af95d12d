"""Events are recorded just before COMMIT, no matter what opened the transaction, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, ProgrammingError, connections, models, transaction

from tests.tidewire.event_rows import Row, logged
from tests.tidewire.liveapp.models import Board, Item
from tests.tidewire.threads import Writer, needs_row_locks, until_it_waits
from tidewire.ids import uuid7
from tidewire.log.database import holds_log
from tidewire.log.tables import Event, Stream
from tidewire.transactions import commit
from tidewire.transactions.commit import recorded_events

pytestmark = pytest.mark.django_db(transaction=True)
connection = connections["default"]  # not the proxy, whose attributes are its own


class Stop(Exception):
    """Ends a block."""


@contextmanager
def rolled_back() -> Iterator[None]:
    """Rolls the block back, by an error that is caught outside."""
    try:
        with transaction.atomic():
            yield
            raise Stop
    except Stop:
        pass


def rows(type: str, *items: Item, version: int = 1) -> list[Row]:
    return [(f"board:{item.board_id}", type, str(item.pk), version) for item in items]


def new(board: Board, title: str = "new") -> Item:
    return Item.objects.create(board=board, title=title)


# -- the blocks Django knows -----------------------------------------------------------------------------------------


def test_a_block_records_at_its_end_only(board):
    with logged() as events:
        with transaction.atomic():
            item = new(board)
            assert not Event.objects.filter(type="item.created").exists()
        assert Event.objects.filter(type="item.created").exists()
    assert events == rows("item.created", item)


def test_a_savepoint_that_is_rolled_back_drops_its_events(board):
    with logged() as events, transaction.atomic():
        before = new(board)
        with rolled_back():
            new(board)
        after = new(board)
    assert events == rows("item.created", before, after)


def test_a_savepoint_inside_one_that_is_rolled_back(board):
    with logged() as events, transaction.atomic():
        with rolled_back():
            with transaction.atomic():
                new(board)
        kept = new(board)
    assert events == rows("item.created", kept)


def test_a_savepoint_by_hand(board):
    with logged() as events, transaction.atomic():
        kept = new(board)
        savepoint = getattr(transaction, "savepoint_create", transaction.savepoint)()  # its name from Django 6.1 on
        new(board)
        transaction.savepoint_rollback(savepoint)
    # Django drops what was registered inside an atomic block only. The row is gone, so there is no event.
    assert events == rows("item.created", kept)


def test_a_block_that_raises_records_nothing(board):
    with logged() as events, rolled_back():
        new(board)
        with transaction.atomic():
            new(board)
    assert events == []
    assert not Item.objects.exists()


def test_an_error_in_a_block_without_a_savepoint_rolls_the_outer_one_back(board):
    with logged() as events:
        with transaction.atomic():
            new(board)
            with pytest.raises(Stop), transaction.atomic(savepoint=False):
                raise Stop
    assert events == []
    assert not Item.objects.exists()


def test_a_rolled_back_transaction_leaves_no_hole(board):
    """`logged` compares the offsets."""
    with logged() as events:
        one = new(board)
        with rolled_back():
            new(board)
        two = new(board)
    assert events == rows("item.created", one, two)


def test_a_stream_is_not_created_by_a_rolled_back_transaction():
    with rolled_back():
        board = Board.objects.create(name="never")
    assert not Stream.objects.filter(name=f"board:{board.pk}").exists()


def test_a_durable_block(board):
    with logged() as events, transaction.atomic(durable=True):
        item = new(board)
    assert events == rows("item.created", item)


def test_autocommit_turned_off_by_hand(board):
    with logged() as events:
        transaction.set_autocommit(False)
        try:
            lost = new(board)
            transaction.rollback()
            kept = new(board)
            transaction.commit()
            later = new(board)
            transaction.commit()
        finally:
            transaction.set_autocommit(True)
    assert events == rows("item.created", kept, later)
    assert not Item.objects.filter(pk=lost.pk).exists()


def test_a_block_with_autocommit_turned_off(board):
    with logged() as events:
        transaction.set_autocommit(False)
        try:
            with transaction.atomic():
                kept = new(board)
                with rolled_back():
                    new(board)
            transaction.commit()
        finally:
            transaction.set_autocommit(True)
    assert events == rows("item.created", kept)


def test_a_row_that_was_committed_before_its_note_is_recorded_late(board):
    """Fixtures outside a transaction take Django's own `save_base`, which commits before it says that it saved."""
    item = Item(board=board, title="new")
    with logged() as events:
        models.Model.save_base(item, raw=True)
    assert events == rows("item.created", item)


# -- what Django does, on which this stands --------------------------------------------------------------------------


def test_django_commits_through_the_connections_attribute(monkeypatch):
    calls = []
    commit = connection.commit
    monkeypatch.setattr(connection, "commit", lambda: (calls.append(connection.in_atomic_block), commit()))
    with transaction.atomic(), transaction.atomic():
        Board.objects.exists()
    assert calls == [False]  # once, when the outermost block has been left


def test_django_keeps_callbacks_with_their_savepoints():
    with transaction.atomic(), transaction.atomic():
        transaction.on_commit(print)
        ((savepoints, callback, robust),) = connection.run_on_commit
        assert (savepoints, callback, robust) == (set(connection.savepoint_ids), print, False)
        connection.run_on_commit.clear()


def test_django_rolls_back_after_a_database_error_only(monkeypatch, board):
    """The reason for our own rollback: else the next COMMIT would commit a write that could not be recorded."""
    calls = []
    rollback = connection.rollback
    monkeypatch.setattr(connection, "rollback", lambda: (calls.append(True), rollback()))

    def fail() -> None:
        raise Stop

    monkeypatch.setattr(connection, "commit", fail)
    with pytest.raises((Stop, ProgrammingError)), transaction.atomic():  # PostgreSQL minds the open transaction
        Board.objects.exists()
    assert calls == []
    rollback()
    connection.set_autocommit(True)


# -- the wrapper -----------------------------------------------------------------------------------------------------


def test_the_wrapper_is_gone_after_commit(board):
    with transaction.atomic():
        new(board)
        assert "commit" in connection.__dict__
    assert "commit" not in connection.__dict__


def test_the_wrapper_is_gone_when_recording_failed(board):
    with pytest.raises(ValueError), transaction.atomic():
        new(board, "poison")
    assert "commit" not in connection.__dict__


def test_the_wrapper_does_no_harm_after_a_rollback(board):
    with rolled_back():
        new(board)
    with logged() as events:
        with transaction.atomic():
            Board.objects.exists()
        item = new(board)
    assert events == rows("item.created", item)
    assert "commit" not in connection.__dict__


def test_a_wrapper_of_another_library_is_called_and_stays(monkeypatch, board):
    calls = []
    commit = connection.commit
    other = lambda: (calls.append(Event.objects.filter(type="item.created").count()), commit())  # noqa: E731
    monkeypatch.setattr(connection, "commit", other)
    with logged() as events:
        items = [new(board), new(board)]
    assert events == rows("item.created", *items)
    assert calls == [1, 2]
    assert connection.commit is other


# -- when recording fails --------------------------------------------------------------------------------------------


def test_a_serializer_that_raises_rolls_everything_back(board):
    with logged() as events:
        with pytest.raises(ValueError, match="cannot be shown"):
            Item.objects.bulk_create(Item(board=board, title=title) for title in ("good", "poison"))
        assert not Item.objects.exists()
        item = new(board)  # the connection works as before
    assert events == rows("item.created", item)
    assert connection.get_autocommit()


def test_a_serializer_that_raises_fails_a_bare_save_too(board):
    with logged() as events, pytest.raises(ValueError):
        new(board, "poison")
    assert events == []
    assert not Item.objects.exists()


def test_a_serializer_that_raises_with_autocommit_off(board):
    with logged() as events:
        transaction.set_autocommit(False)
        try:
            new(board, "poison")
            with pytest.raises(ValueError):
                transaction.commit()
            kept = new(board)
            transaction.commit()
        finally:
            transaction.set_autocommit(True)
    assert events == rows("item.created", kept)


def test_a_serializer_that_writes_is_recorded_with_the_rest(board):
    with recorded_events() as recorded:
        new(board, "writes")
    assert [(event.type, event.offset) for event in recorded] == [("item.created", 2), ("board.changed", 3)]


def test_a_constraint_that_fails_at_commit_records_nothing():
    with logged() as events, pytest.raises(IntegrityError), transaction.atomic():
        Item.objects.create(board_id=uuid7(), title="on no board")
    assert events == []
    assert not Stream.objects.exists()


def test_a_block_that_failed_at_commit_can_be_run_again(board):
    missing = uuid7()
    with logged() as events:
        for board_id in (missing, board.pk):
            try:
                with transaction.atomic():
                    item = Item.objects.create(board_id=board_id, title="again")
            except IntegrityError:
                assert board_id == missing
    assert events == rows("item.created", item)


# -- around it -------------------------------------------------------------------------------------------------------


def test_callbacks_run_in_order_after_the_commit(board):
    seen = []

    def look() -> None:
        seen.append((len(seen), connection.in_atomic_block, Event.objects.filter(type="item.created").count()))

    with transaction.atomic():
        transaction.on_commit(look)
        new(board)
        transaction.on_commit(look)
        new(board)
        transaction.on_commit(look, robust=True)
    assert seen == [(0, False, 2), (1, False, 2), (2, False, 2)]


def test_a_callback_that_raises_does_not_undo_the_events(board):
    def fail() -> None:
        raise Stop

    with recorded_events() as recorded:
        try:
            with transaction.atomic():
                new(board)
                transaction.on_commit(fail)
        except Stop:
            pass
    assert [event.type for event in recorded] == ["item.created"]
    assert Event.objects.filter(type="item.created").count() == 1


def test_callbacks_do_not_run_when_recording_failed(board):
    ran = []
    try:
        with transaction.atomic():
            transaction.on_commit(lambda: ran.append(True))
            new(board, "poison")
    except ValueError:
        pass
    new(board)
    assert ran == []


def test_recorded_events_are_collected_after_the_commit(board):
    with recorded_events() as outer:
        with recorded_events() as inner:
            with transaction.atomic():
                item = new(board)
                assert inner == []
            assert [event.object for event in inner] == [f"liveapp.item:{item.pk}"]
        item.save()
    assert [(event.type, event.offset) for event in outer] == [("item.changed", 3)]


# -- locks -----------------------------------------------------------------------------------------------------------


@needs_row_locks
def test_a_reference_to_a_row_does_not_deadlock_with_the_deletion_of_the_row(board):
    """The reference is checked before the stream is locked. In the other order, each would wait for the other."""
    key = str(board.pk)
    with logged() as events:
        with transaction.atomic():
            board.delete()
            writer = Writer(lambda: Item.objects.create(board_id=key, title="too late"))
            until_it_waits(writer)
        with pytest.raises(IntegrityError):  # there is no such board any more
            writer.finish()
    assert events == [(f"board:{key}", "board.deleted", key, None)]


def test_a_note_without_a_recorder_names_the_remedy(item, monkeypatch):
    """As in a project that declares live models and has not installed the app."""
    monkeypatch.setattr(commit, "_recorder", None)
    with pytest.raises(ImproperlyConfigured, match="add 'tidewire' to INSTALLED_APPS"):
        item.save()
    item.refresh_from_db()
    assert item.version == 1


def test_a_database_without_the_log_is_refused(tmp_path, monkeypatch):
    """Its events would be in no log, or in one that no hub reads."""
    own = connections["default"].settings_dict
    monkeypatch.setitem(connections.databases, "archive", own | {"NAME": str(tmp_path / "archive")})
    monkeypatch.setitem(connections.databases, "direct", dict(own))
    with pytest.raises(ImproperlyConfigured, match="'archive'"):
        commit.note("archive", [])
    assert (holds_log("direct"), holds_log("archive")) == (True, False)  # an alias of the same database is none
