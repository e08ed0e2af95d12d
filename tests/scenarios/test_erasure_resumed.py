"""A large account is deleted while the processes are killed: it is hidden at once, and erased in the end."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.rig.rest import Person
from tests.rig.site import Site
from tests.scenarios.conftest import People

MESSAGES = 5000
KILLS = 2
SECRET = "quuxian secret"
ERASED_SECONDS = 120.0

pytestmark = [
    pytest.mark.site(processes=2, settings={"JOB_SECONDS": "0.1", "METRICS_TOKEN": "of the test"}),
    pytest.mark.shown_on("grown"),
]

FILL = """
from api.models import Message, User
from tidewire import Actor, acting_as
author = User.objects.get(pk="{author}")
with acting_as(Actor("user", "{author}")):
    for _ in range({count} // 500):
        Message.objects.bulk_create(Message(room_id="{room}", author=author, text="{secret}") for _ in range(500))
"""


def pending(site: Site) -> float:
    """Returns what the metrics of any running process say about erasures that are left."""
    headers = {"Authorization": "Bearer of the test"}
    lines = httpx.get(f"{site.url}/metrics", headers=headers, trust_env=False).text.splitlines()
    found = [line for line in lines if line.startswith('tidewire_jobs_pending{kind="erase_account"')]
    return float(found[0].rpartition(" ")[2]) if found else -1.0


def secrets_of(site: Site) -> int:
    code = f"from tidewire.models import Event; print(Event.objects.filter(payload__contains={SECRET!r}).count())"
    return int(site.shell(code))


def sees(reader: Person, room: str) -> str:
    """Returns everything that a member can read of the room: its messages, its members and its log."""
    answers = [reader.send("GET", path) for path in (f"rooms/{room}/messages/", f"rooms/{room}/members/")]
    answers.append(reader.send("GET", f"streams/room:{room}/events/?after=3"))
    return "".join(answer.text for answer in answers)


def test_an_erasure_survives_kills_and_nothing_is_read_meanwhile(site: Site, people: People) -> None:
    alice, _, _ = people
    quux = site.person("quux")
    room = alice.make_room()
    alice.add(room, quux)
    site.shell(FILL.format(author=quux.id, room=room, count=MESSAGES, secret=SECRET))
    assert SECRET in sees(alice, room)

    quux.request("DELETE", "me/")
    for server in site.servers:
        server.kill()
    left = [secrets_of(site)]
    for _ in range(KILLS):
        site.start()
        text = sees(alice, room)
        assert SECRET not in text
        assert '"name":"quux"' not in text
        for server in site.servers:
            server.kill()
        left.append(secrets_of(site))
    assert sorted(left, reverse=True) == left
    assert left[-1], "it was erased before the last kill"

    site.start()
    deadline = time.monotonic() + ERASED_SECONDS
    while pending(site) != 0:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert secrets_of(site) == 0
    code = f"from api.models import User; print(User.objects.filter(pk={quux.id!r}).exists())"
    assert site.shell(code).strip() == "False"
