"""Heads of streams: a stream is created once, positions cost one query, and streams written to lately are found."""

import threading

import pytest
from django.db import connection, transaction

from tests.tidewire.liveapp.models import Board
from tests.tidewire.threads import Writer, needs_row_locks
from tidewire.ground.positions import Position
from tidewire.log import heads
from tidewire.log.tables import Stream

pytestmark = pytest.mark.django_db(transaction=True)


def stream(board: Board) -> str:
    return f"board:{board.pk}"


def test_a_stream_is_created_once():
    first = heads.position("board:x")
    assert first == Position("board:x", first.epoch, 0)
    assert len(first.epoch) == 16
    assert heads.position("board:x") == first
    assert Stream.objects.filter(name="board:x").count() == 1


def test_a_stream_keeps_its_epoch_when_it_is_written_to():
    board = Board(name="new")
    born = heads.position(stream(board))
    board.save()
    assert heads.position(stream(board)) == Position(stream(board), born.epoch, 1)


def test_streams_have_epochs_of_their_own():
    epochs = {position.epoch for position in heads.positions([f"board:{n}" for n in range(20)]).values()}
    assert len(epochs) == 20


@needs_row_locks
def test_two_threads_that_ask_at_once_get_one_stream():
    start, found = threading.Barrier(2), []

    def ask() -> None:
        start.wait()
        found.append(heads.position("board:x"))

    for writer in [Writer(ask), Writer(ask)]:
        writer.finish()
    assert found[0] == found[1]


def test_many_positions_are_one_query_and_two_more_for_new_streams(django_assert_num_queries):
    names = [f"board:{n}" for n in range(50)]
    with django_assert_num_queries(3):
        born = heads.positions(names)
    with django_assert_num_queries(1):
        assert heads.positions(names) == born
    with django_assert_num_queries(0):
        assert heads.positions([]) == {}


def test_a_stream_that_does_not_exist_is_left_out(board):
    found = heads.existing([stream(board), "board:none"])
    assert found == {stream(board): heads.position(stream(board))}
    assert not Stream.objects.filter(name="board:none").exists()


# -- what was touched lately -----------------------------------------------------------------------------------------


def age(name: str, seconds: float) -> None:
    """Makes a stream look as if it was last written to so many seconds ago, by the database's clock."""
    ago = {
        "sqlite": f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-{seconds} seconds')",
        "postgresql": f"clock_timestamp() - make_interval(secs => {seconds})",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {Stream._meta.db_table} SET touched_at = {ago} WHERE name = '{name}'")


def test_streams_written_to_lately_are_found(board, other_board):
    age(stream(other_board), 30)
    assert heads.touched(10) == heads.existing([stream(board)])
    assert heads.touched(60) == heads.existing([stream(board), stream(other_board)])
    other_board.save()
    assert heads.touched(10) == heads.existing([stream(board), stream(other_board)])


def test_parts_of_a_second_count(board):
    age(stream(board), 0.9)
    assert heads.touched(0.5) == {}
    assert list(heads.touched(30.5)) == [stream(board)]


@pytest.mark.parametrize("seconds", [10.0, 0.5])
def test_the_poll_reads_the_index_and_not_all_streams(board, seconds):
    """With a million streams a poll that compares them all takes a tenth of a second, in every process."""
    plans = []

    def explain(execute, sql, params, many, context):
        explained = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
        execute(explained + sql, params, many, context)
        plans.append(" ".join(str(row) for row in context["cursor"].fetchall()))
        return execute(sql, params, many, context)

    with transaction.atomic():
        heads.positions([f"board:{n}" for n in range(300)])
        with connection.cursor() as cursor:
            # A table of few rows is read as a whole; what SQLite knows of it may be of an earlier test.
            cursor.execute("SET LOCAL enable_seqscan = off" if connection.vendor == "postgresql" else "ANALYZE")
        with connection.execute_wrapper(explain):
            heads.touched(seconds)
        transaction.set_rollback(True)
    (plan,) = plans
    assert "Index Cond: (touched_at > " in plan if connection.vendor == "postgresql" else "INDEX" in plan
