"""Measures the server's CPU time per delivered event: one stream, many sockets, one server process, both systems.

`python -m bench.textbook.fanout --sockets 1000 --events 40`. Another process writes the events, so only delivery is
measured. The CPU time of an idle server is measured too, and not subtracted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.textbook.compare import TextbookStage
from tests.rig import servers
from tests.rig.site import ROOT, run_manage
from tests.soak.crowd import Crowd, Dialect, Member, tidewire
from tests.soak.plan import make_plan
from tests.soak.run import SETTINGS
from tests.soak.stage import Stage

SETTLE_SECONDS = 5.0
IDLE_SECONDS = 10.0
PAUSE_SECONDS = {"tidewire": 0.1, "textbook": 1.5}  # the textbook's layer drops most of what comes faster
CONNECT_SECONDS = 120.0
USERS = 100

_OURS = """
import json
from api.auth import sessions
from api.models import Member, Room, User
users = User.objects.bulk_create(User(email=f"fan{n}@example.com", name=f"fan {n}") for n in range(%d))
room = Room.objects.create(name="fans", kind="public")
Member.objects.create(room=room, user=users[0], role="owner")
print(json.dumps([str(room.pk), [sessions.sign_in_as(user)["access"] for user in users]]))
"""
_THEIRS = """
import json
from bench.textbook.chat.models import Room, User
from rest_framework_simplejwt.tokens import AccessToken
user = User.objects.create_user("fan@example.com", "password", name="fan")
room = Room.objects.create(name="fans", kind="public")
print(json.dumps([str(room.pk), [str(AccessToken.for_user(user))]]))
"""
_WRITE = """
import time
from django.apps import apps
from django.contrib.auth import get_user_model
author = get_user_model().objects.order_by("created_at").first()
model = apps.get_model("%s", "Message")
for number in range(%d):
    model.objects.create(room_id="%s", author=author, text=f"event {number} " + "x" * 100)
    time.sleep(%f)
"""


@dataclass
class Figure:
    """`idle_cores` is the CPU use of the server with all sockets open and nothing to deliver."""

    delivered: int
    due: int
    cpu_seconds: float
    idle_cores: float
    bytes_per_event: float

    @property
    def microseconds(self) -> float:
        return self.cpu_seconds / max(1, self.delivered) * 1e6


def measure(stage: Stage, app: str, setup: str, dialect: Callable[[str], Dialect], sockets: int, events: int) -> Figure:
    pause = PAUSE_SECONDS[stage.plan.system]
    stage.start()
    crowd = None
    try:
        room, tokens = json.loads(shell(stage, setup).strip().splitlines()[-1])
        crowd = Crowd([stage.workers[0].port], tokens, sockets, dialect(room))
        crowd.come(spread=sockets / 100)
        crowd.wait(lambda: crowd.ready == sockets, CONNECT_SECONDS)
        wait(crowd, SETTLE_SECONDS)
        before = cpu_seconds(stage)
        wait(crowd, IDLE_SECONDS)
        idle = (cpu_seconds(stage) - before) / IDLE_SECONDS

        crowd.events = crowd.bytes = 0
        before = cpu_seconds(stage)
        writer = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", _WRITE % (app, events, room, pause)],
            cwd=ROOT,
            env=stage.environment_of(-1),
        )
        crowd.wait(lambda: writer.poll() is not None, 300)
        wait(crowd, SETTLE_SECONDS, lambda: crowd.events >= sockets * events)
        burnt = cpu_seconds(stage) - before
        return Figure(crowd.events, sockets * events, burnt, idle, crowd.bytes / max(1, crowd.events))
    finally:
        if crowd is not None:
            crowd.go()
        stage.stop()


def wait(crowd: Crowd, seconds: float, is_done: Callable[[], bool] = lambda: False) -> None:
    until = time.monotonic() + seconds
    crowd.wait(lambda: is_done() or time.monotonic() > until, seconds + 5)


def shell(stage: Stage, code: str) -> str:
    return run_manage(stage.environment_of(-1), "shell", "-v", "0", "-c", code)


def cpu_seconds(stage: Stage) -> float:
    """Returns the user and system time of the server's process and its children."""
    ticks = 0
    for pid in stage.workers[0].pids():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def textbook(room: str) -> Dialect:
    def hello(member: Member) -> list[str]:
        return [json.dumps({"token": member.token}), json.dumps({"subscribe": room})]

    return Dialect("/ws/", hello, lambda text: b'"subscribed"' in text, b'"message.created"')


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.textbook.fanout", description=__doc__)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--events", type=int, default=40)
    arguments = parser.parse_args()
    amount = arguments.sockets, arguments.events
    plan = make_plan(0, 0, "grown", 1)
    ours = measure(
        Stage(plan, servers.temporary_folder("fanout"), SETTINGS),
        "api",
        _OURS % USERS,
        lambda room: tidewire(f"room:{room}"),
        *amount,
    )
    plan.system = "textbook"
    theirs = measure(
        TextbookStage(plan, servers.temporary_folder("fanout"), SETTINGS), "chat", _THEIRS, textbook, *amount
    )
    rows = [
        (f"1 stream × {amount[0]} sockets, {amount[1]} events", "Tidewire", "textbook"),
        ("---", "--:", "--:"),
        ("delivered, of those due", *(f"{each.delivered} of {each.due}" for each in (ours, theirs))),
        ("seconds between events", *(str(pause) for pause in PAUSE_SECONDS.values())),
        ("server CPU per delivered event, µs", f"{ours.microseconds:.1f}", f"{theirs.microseconds:.1f}"),
        ("server CPU with nothing to deliver, cores", f"{ours.idle_cores:.3f}", f"{theirs.idle_cores:.3f}"),
        ("bytes per event on the wire", f"{ours.bytes_per_event:.0f}", f"{theirs.bytes_per_event:.0f}"),
    ]
    sys.stdout.write("".join(f"| {' | '.join(row)} |\n" for row in rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
