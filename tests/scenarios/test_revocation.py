"""After a revocation was answered, no later event reaches the sockets that it ends, on any process. They close in 2 s.

Rounds of logout, password change, deactivation and removal, drawn at random from a printed seed, against a writer that
never pauses. Bob's socket is on the last process. Its revocation happens on the first, or in a process outside.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.rig.verify import IS_VERIFY, figure
from tests.scenarios.conftest import People

ROUNDS = 200 if IS_VERIFY else 20
SEED = int(os.environ.get("SEED", "20261123"))
CLOSE_SECONDS = 2.0
FORCED, SERVER_UNSUBSCRIBE = 3503, 2000

BACKDOOR = """
import json, sys
import django
django.setup()
from api.auth import sessions
from api.models import User
for line in sys.stdin:
    command = json.loads(line)
    user = User.objects.get(pk=command["user"])
    if "is_active" in command:
        user.is_active = command["is_active"]
        user.save(update_fields=["is_active"])
        print("null", flush=True)
    else:
        print(json.dumps(sessions.sign_in_as(user)), flush=True)
"""


class Backdoor:
    """An operator's process: signs in without hashing a password, deactivates without the admin."""

    def __init__(self, site: Site) -> None:
        environment = os.environ | site.environment | {"DJANGO_SETTINGS_MODULE": "backend.settings"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", BACKDOOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, **command: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass
class Writer:
    """Posts without a pause. `began` is {offset: time when that write began}."""

    person: Person
    room: str
    began: dict[int, float] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopped.is_set():
            at = time.monotonic()
            response = self.person.send("POST", f"rooms/{self.room}/messages/", {"text": "steady"})
            assert response.status_code == 201, response.text
            self.began[int(response.headers["Tidewire-Position"].partition("offset=")[2].partition(",")[0])] = at

    def wait_for_answers(self) -> None:
        """Waits until the write under way was answered. Then `began` holds every event that was delivered."""
        enough, deadline = len(self.began) + 2, time.monotonic() + 15
        while len(self.began) < enough:
            assert time.monotonic() < deadline, "the writer has stopped"
            time.sleep(0.005)


@pytest.fixture
def backdoor(site: Site) -> Iterator[Backdoor]:
    backdoor = Backdoor(site)
    yield backdoor
    backdoor.close()


@pytest.fixture
def writer(site: Site, people: People, room: str, backdoor: Backdoor) -> Iterator[Writer]:
    alice = people[0]
    steady = alice.at(site.servers[0].url)
    steady.access = backdoor.ask(user=alice.id)["access"]
    writer = Writer(steady, room)
    thread = threading.Thread(target=writer.run)
    thread.start()
    yield writer
    writer.stopped.set()
    thread.join()
    steady.close()


def log_out(alice: Person, bob: Person, room: str, backdoor: Backdoor) -> None:
    bob.post("token/blacklist/", {"refresh": bob.refresh}, signed=False)


def change_password(alice: Person, bob: Person, room: str, backdoor: Backdoor) -> None:
    """Changes Bob's password in another session of his, which ends this one."""
    elsewhere = backdoor.ask(user=bob.id)["access"]
    body = {"current_password": bob.password, "new_password": f"{bob.password}x"}
    headers = {"Authorization": f"Bearer {elsewhere}"}
    bob.post("me/password/", body, headers=headers)
    bob.password = body["new_password"]


def deactivate(alice: Person, bob: Person, room: str, backdoor: Backdoor) -> None:
    backdoor.ask(user=bob.id, is_active=False)


def remove(alice: Person, bob: Person, room: str, backdoor: Backdoor) -> None:
    alice.remove(room, bob)


REVOCATIONS = (log_out, change_password, deactivate, remove)


def test_nothing_written_after_a_revocation_arrives(
    site: Site, people: People, room: str, writer: Writer, backdoor: Backdoor, raw: Callable[[str], RawSocket]
) -> None:
    alice, bob, _ = people
    alice.access = backdoor.ask(user=alice.id)["access"]
    draw = random.Random(SEED)
    print(f"SEED={SEED}")
    slowest, received = 0.0, 0
    for number in range(ROUNDS):
        end = draw.choice(REVOCATIONS)
        pair = backdoor.ask(user=bob.id)
        bob.access, bob.refresh = pair["access"], pair["refresh"]
        socket = raw(site.servers[-1].ws_url)
        socket.connect(bob.access)
        assert "subscribe" in socket.subscribe(channel(room))

        ends: list[tuple[list[dict[str, Any]], int]] = []
        reading = threading.Thread(target=lambda s=socket, e=ends: e.append(s.publications_to_the_end()))
        reading.start()
        time.sleep(draw.uniform(0, 0.1))
        end(alice, bob, room, backdoor)
        answered_at = time.monotonic()
        reading.join(timeout=15)
        closed_after = time.monotonic() - answered_at

        story = f"round {number}: {end.__name__}, closed after {closed_after:.2f} s"
        ((publications, code),) = ends
        assert code == (SERVER_UNSUBSCRIBE if end is remove else FORCED), story
        assert closed_after < CLOSE_SECONDS, story
        writer.wait_for_answers()
        offsets = [publication["offset"] for publication in publications]
        late = [offset for offset in offsets if writer.began.get(offset, 0) > answered_at]
        assert late == [], story
        assert offsets == list(range(offsets[0], offsets[0] + len(offsets))) if offsets else True, story
        slowest, received = max(slowest, closed_after), received + len(offsets)
        if end is remove:
            alice.add(room, bob)
        elif end is deactivate:
            backdoor.ask(user=bob.id, is_active=True)
        socket.close()
    figure(f"revocation, {site.size}: {ROUNDS} rounds, {len(writer.began)} writes, {received} events received, 0 late")
    figure(f"revocation, {site.size}: the slowest close took {slowest:.3f} s")
    assert received
