"""The server is killed; nothing is lost and nothing comes twice."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from tests.contract.documents import blocks
from tests.rig import servers
from tests.rig.rest import Person, channel
from tests.rig.site import ROOT, Site
from tests.scenarios.conftest import MakeClient, People, follow
from tests.scenarios.copies import Copy, texts


def write_from_the_shell(site: Site, room: str, author: Person, count: int) -> None:
    site.shell(
        "from api.models import Message\n"
        f"for number in range({count}):\n"
        f"    Message.objects.create(room_id='{room}', author_id='{author.id}', text=f'while down {{number}}')\n"
    )


def test_writes_of_a_shell_while_the_server_is_down_are_recovered(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.ws_url, alice, room)
    alice.say(room, "before")
    client.wait_for_offset(channel(room), 2)

    mark = len(client.events)
    site.server.kill()
    client.wait_for("connecting", after=mark)
    write_from_the_shell(site, room, alice, 20)
    site.server.start()

    back = client.wait_for("subscribed", channel(room), after=mark)
    assert (back.was_recovering, back.recovered) == (True, True)
    client.wait_for_offset(channel(room), 22)
    alice.say(room, "after")
    client.wait_for_offset(channel(room), 23)
    assert client.offsets(channel(room)) == list(range(2, 24))
    assert texts(client.publications(channel(room))) == ["before", *(f"while down {n}" for n in range(20)), "after"]


def test_a_server_killed_in_the_middle_of_writes_loses_and_repeats_nothing(
    site: Site, people: People, sdk: MakeClient
) -> None:
    alice, *_ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.ws_url, alice, room)
    start = client.wait_for("subscribed", channel(room)).position
    assert start is not None

    stop, answered = threading.Event(), []

    def write() -> None:
        """Posts until `stop` is set. A post without an answer may have been stored or not: both are right."""
        number = 0
        while not stop.is_set():
            number += 1
            try:
                alice.say(room, f"message {number}")
            except httpx.TransportError:
                stop.wait(0.05)
                continue
            answered.append(f"message {number}")

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(3):
        seen = client.publications(channel(room))
        mark = len(client.events)
        client.wait_for_offset(channel(room), (seen[-1].offset if seen else start["offset"]) + 5)
        site.server.kill()
        client.wait_for("connecting", after=mark)
        site.server.start()
        client.wait_for("subscribed", channel(room), after=mark)
    stop.set()
    writer.join()

    stored, position = alice.messages(room)
    client.wait_for_offset(channel(room), position["offset"])
    assert client.offsets(channel(room)) == list(range(start["offset"] + 1, position["offset"] + 1))
    assert Copy().apply_all(client.publications(channel(room))).listed() == stored
    assert set(answered) <= {message["text"] for message in stored}


def test_a_client_that_was_away_comes_back_to_another_process(site: Site, people: People, sdk: MakeClient) -> None:
    """Its position is good everywhere, because it belongs to the log and not to a process."""
    alice, *_ = people
    room = alice.make_room()
    first = sdk()
    follow(first, site.servers[0].ws_url, alice, room)
    position = first.wait_for("subscribed", channel(room)).position
    first.close()

    for number in range(5):
        alice.say(room, f"message {number}")

    second = sdk()
    second.connect(site.servers[-1].ws_url, get_token=alice.fresh_token)
    second.subscribe(channel(room), since=position)
    back = second.wait_for("subscribed", channel(room))
    assert (back.was_recovering, back.recovered) == (True, True)
    second.wait_for_offset(channel(room), 6)
    assert texts(second.publications(channel(room))) == [f"message {number}" for number in range(5)]


PROGRAM = """
{copy_all}

import sys, time

url, token, path = sys.argv[1:]
database = sqlite3.connect(path)
database.executescript(TABLES)
client = httpx.Client(base_url=url, headers={{"Authorization": "Bearer " + token}}, trust_env=False)
while True:
    try:
        copy_all(client, database, print)
    except httpx.HTTPError:
        pass
    time.sleep(0.01)
"""


def test_a_program_that_copies_by_the_feed_is_killed_and_so_is_the_server(
    site: Site, people: People, tmp_path: Path
) -> None:
    """Both with -9, in the middle of writes: the copy has every event of every stream once."""
    alice, *_ = people
    rooms = [alice.make_room() for _ in range(3)]
    (copy_all,) = (each.code for each in blocks(ROOT / "docs" / "http-doors.md") if each.name == "feed")
    (tmp_path / "program.py").write_text(PROGRAM.format(copy_all=copy_all))
    stored = tmp_path / "copy.sqlite3"

    def copied() -> dict[str, int]:
        if not stored.exists():
            return {}
        with sqlite3.connect(stored) as database:
            has_table = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'event'").fetchone()
            query = "SELECT stream, count(*) FROM event GROUP BY stream"
            return dict(database.execute(query).fetchall()) if has_table else {}

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, tmp_path / "program.py", site.servers[-1].url, alice.access, stored]
        return servers.spawn([str(part) for part in command], log=tmp_path / "log", cwd=tmp_path, env=dict(os.environ))

    def until(count: int) -> None:
        deadline = time.monotonic() + 30
        while sum(copied().get(channel(room), 0) for room in rooms) < count:
            assert time.monotonic() < deadline, (copied(), (tmp_path / "log").read_text()[-2000:])
            time.sleep(0.02)

    program = start()
    for number in range(3):
        for room in rooms:
            alice.say(room, f"message {number}")
        until(3 * number + 2)  # in the middle of the round
        program.kill()
        program.wait(10)
        if number == 1:
            site.servers[-1].kill()
            site.servers[-1].start()
        program = start()
    until(12)
    servers.end(program, 9)
    assert {channel(room): copied()[channel(room)] for room in rooms} == dict.fromkeys(map(channel, rooms), 4)
    with sqlite3.connect(stored) as database:
        offsets = database.execute("SELECT stream, offset FROM event ORDER BY stream, offset").fetchall()
    assert [each for each in offsets if each[0].startswith("room:") and each[0] in map(channel, rooms)] == [
        (name, offset) for name in sorted(map(channel, rooms)) for offset in range(1, 5)
    ]
