"""Many processes write to the same two streams, in opposite order: no hole, no phantom, no deadlock, no inversion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.rig import plugin
from tests.rig.site import ROOT, child_environment
from tests.rig.verify import IS_VERIFY

pytestmark = [pytest.mark.own_database, pytest.mark.slow]

LONGER = 4 if IS_VERIFY else 1
SIZES = {"postgresql": (8, 260 * LONGER), "sqlite": (3, 60 * LONGER)}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("history", [metafunc.config.getoption("database")], indirect=True, scope="module")


@pytest.fixture(scope="module")
def history(request, tmp_path_factory) -> dict[str, Any]:
    """What the writers did and what the log says afterwards; see writers.py."""
    database = request.param
    environment = child_environment(tmp_path_factory.mktemp("writers"))
    if database == "sqlite":
        return run(environment, *SIZES[database])
    server, name = request.config.stash[plugin.postgresql], f"writers_{os.getpid()}"
    try:
        return run(environment | {"DATABASE_URL": server.create_database(name)}, *SIZES[database])
    finally:
        server.drop_database(name)


def run(environment: dict[str, str], writers: int, commits: int) -> dict[str, Any]:
    program = [sys.executable, "-m", "tests.tidewire.writers", f"--writers={writers}", f"--commits={commits}"]
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr  # a deadlock, or any other error, ends here
    return json.loads(done.stdout)


def transactions(history: dict[str, Any]) -> list[tuple[int, int, dict[str, Any]]]:
    """(writer, number, transaction) of everything that was committed, each writer's in order."""
    return [
        (writer, number, transaction)
        for writer, done in enumerate(history["writers"])
        for number, transaction in enumerate(done)
        if transaction["committed"]
    ]


def creations(history: dict[str, Any], room: str) -> dict[str, int]:
    """{message: offset} of the room's stream."""
    return {id: offset for offset, type, id in history["log"][room]["events"] if type == "message.created"}


def kept(history: dict[str, Any], room: str) -> set[str]:
    return {id for _, _, transaction in transactions(history) for id in transaction["kept"][room]}


def test_enough_was_written_and_enough_rolled_back(history):
    count = len(transactions(history))
    assert count >= (2000 if len(history["writers"]) == 8 else 180)
    assert sum(len(done) for done in history["writers"]) > count
    assert all(
        transaction["lost"] for done in history["writers"] for transaction in done if not transaction["committed"]
    )


def test_offsets_have_no_hole(history):
    for stream in history["log"].values():
        assert [offset for offset, *_ in stream["events"]] == list(range(1, stream["head"] + 1))


def test_there_is_an_event_if_and_only_if_the_write_was_committed(history):
    rooms = history["log"]
    for room in rooms:
        assert creations(history, room).keys() == kept(history, room)
    assert set(history["rows"]) == set().union(*(kept(history, room) for room in rooms))
    edited = {id for stream in rooms.values() for _, type, id in stream["events"] if type == "message.edited"}
    assert edited
    assert edited <= set(history["rows"])


def test_every_writers_order_is_kept(history):
    """By the offsets, a writer's transactions follow each other as it made them, and none is torn apart."""
    for room in history["log"]:
        offsets = creations(history, room)
        last = dict.fromkeys(range(len(history["writers"])), 0)
        for writer, _, transaction in transactions(history):
            mine = [offsets[id] for id in transaction["kept"][room]]
            assert mine == sorted(mine)
            assert mine[0] > last[writer]
            last[writer] = mine[-1]


def test_the_events_of_one_transaction_in_a_stream_are_adjacent(history):
    for room, stream in history["log"].items():
        offsets = creations(history, room)
        kinds = {offset: type for offset, type, _ in stream["events"]}
        for _, _, transaction in transactions(history):
            mine = [offsets[id] for id in transaction["kept"][room]]
            between = [kinds[offset] for offset in range(mine[0], mine[-1]) if offset not in mine]
            assert set(between) <= {"message.edited"}  # its own edits


def test_a_write_that_committed_before_another_began_comes_before_it(history):
    for room in history["log"]:
        offsets = creations(history, room)
        in_order = sorted(
            (offsets[transaction["kept"][room][0]], transaction["began"], transaction["ended"])
            for _, _, transaction in transactions(history)
        )
        latest_began = 0
        for _, began, ended in in_order:
            assert ended > latest_began
            latest_began = max(latest_began, began)
