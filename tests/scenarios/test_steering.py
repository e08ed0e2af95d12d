"""What an operator sees and does while a site runs: `connections`, `why`, `disconnect`, `tail`, `token`, `publish`.

Each command is a process of its own, as an operator starts it.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import ROOT, Site

pytestmark = [pytest.mark.site(processes=2, settings={"LOGBOOK_SECONDS": "0.2"}), pytest.mark.slow]
FLUSHED_SECONDS = 0.5

WAIT_SECONDS = 40.0
"""Above the 15 s between two reports of a process that has nothing else to write."""


@pytest.fixture
def bob(people) -> Person:
    return people[1]


def subscribed(site: Site, person: Person, room: str, number: int = -1, **options) -> RawSocket:
    """A socket of this person on one of the processes, in the room."""
    socket = RawSocket(site.servers[number].ws_url)
    socket.connect(person.fresh_token())
    socket.subscribe(channel(room), **options)
    return socket


def until(site: Site, pattern: str, *arguments: str) -> str:
    """Runs a command until its output matches: the logbook is written within a moment. Returns the output."""
    time.sleep(FLUSHED_SECONDS)  # a process of Python starts for each look: the first one shall be enough
    deadline = time.monotonic() + WAIT_SECONDS
    while not re.search(pattern, printed := site.manage(*arguments)):
        assert time.monotonic() < deadline, printed
    return printed


def head(person: Person, room: str) -> int:
    return person.messages(room)[1]["offset"]


@pytest.mark.verify
def test_why_follows_a_user_through_an_evening(site, people, room):
    """Sent to an open socket; not connected; back without recovering; back with recovery; removed from the room."""
    alice, bob, _ = people
    stream, asked = channel(room), ("why", bob.id, channel(room))
    socket = subscribed(site, bob, room)
    alice.say(room, "one")
    socket.receive()
    first = head(alice, room)
    assert "subscribed since" in until(site, "^sent:", *asked, str(first))
    socket.close()
    alice.say(room, "two")
    until(site, "^not_connected:", *asked, str(first + 1))
    with subscribed(site, bob, room):
        until(site, "^not_recovered:", *asked, str(first + 1))
    epoch = alice.messages(room)[1]["epoch"]
    with subscribed(site, bob, room, recover=True, epoch=epoch, offset=first):
        until(site, "^recovered:", *asked, str(first + 1))
        alice.remove(room, bob)
        alice.say(room, "not for Bob")
        assert "access ended with member.left" in until(site, "^no_access:", *asked, str(head(alice, room)))
    assert "no account" in refused(site, "why", "nemo@example.com", stream, "1")


@pytest.mark.only_size("grown")
def test_connections_of_all_processes_are_listed_and_closed(site, bob, room):
    sockets = [subscribed(site, bob, room, number) for number in range(len(site.servers))]
    printed = until(site, rf"(?s)({bob.id}.*){{2}}", "connections", "--user", bob.id, "--stream", channel(room))
    assert len(re.findall(r"(?m)^process \d+ on ", printed)) == 2
    ids = re.findall(r"(?m)^([0-9a-f-]{36})  ", printed)
    site.manage("disconnect", bob.id, "--connection", ids[0])
    site.manage("disconnect", bob.id, "--final")
    assert sorted(socket.close_code() for socket in sockets) == [3011, 3503]
    until(site, "3011", "connections", "--user", bob.id, "--ended")


def refused(site: Site, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr


@pytest.mark.only_size("grown")
def test_tail_prints_what_is_written_and_goes_on_where_it_stopped(site, people, room):
    alice = people[0]
    stream = channel(room)
    command = [sys.executable, "-u", "manage.py", "tail", stream, "--last", "1", "--force-color"]
    environment = site.environment
    tail = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert tail.stdout is not None
    assert "member.joined" in tail.stdout.readline()
    alice.say(room, "while it runs")
    line = tail.stdout.readline()
    assert "while it runs" in line
    assert "\x1b[" in line  # coloured
    tail.send_signal(signal.SIGINT)
    position = re.search(r"--from (\w+:\d+)", tail.communicate()[1])
    assert position is not None
    alice.say(room, "while it does not")
    printed = site.manage("tail", stream, "--from", position[1], "--count", "1", "--json")
    assert json.loads(printed.splitlines()[0])["data"]["text"] == "while it does not"
    every = [json.loads(line)["type"] for line in site.manage("replay", stream, "--from", "2").splitlines()]
    assert every == ["member.joined", "message.created", "message.created"]
    assert re.search(rf"{stream} +4 ", site.manage("streams", stream))


@pytest.mark.only_size("grown")
def test_a_token_of_an_operator_works(site, bob, room):
    token = site.manage("token", bob.id).strip()
    with RawSocket(site.ws_url) as socket:
        socket.connect(token)
        assert "error" not in socket.subscribe(channel(room))


@pytest.mark.verify
def test_an_ephemeral_message_of_an_operator_arrives(site, size, bob, room):
    if size == "embedded":
        assert "REDIS_URL" in refused(site, "publish", channel(room), "typing")
        return
    with subscribed(site, bob, room) as socket:
        site.manage("publish", channel(room), "typing", '{"seconds": 3}')
        assert socket.receive()["push"]["pub"]["data"]["data"] == {"seconds": 3}
    assert "Allowed: typing" in refused(site, "publish", channel(room), "shouting")


@pytest.mark.verify
def test_a_load_test_shows_how_long_events_take_and_leaves_nothing(site, size):
    printed = site.manage("loadtest", "--url", site.url, "--sockets", "20", "--rate", "5", "--seconds", "2")
    assert "20 of 20 sockets" in printed
    assert "200 events arrived, 0 did not: median" in printed
    assert re.search(r"(?m)^< +\d+ ms +\d+  █+$", printed)
    left = "from api.models import Room, User; print(Room.objects.filter(name__startswith='Load test').count(), "
    left += "User.objects.filter(email__endswith='loadtest.invalid').count())"
    assert site.shell(left).split() == ["0", "0"]
