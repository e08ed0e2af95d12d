"""Runs the same plan on both systems: of the messages sent while a device was open, which did it get?

`python -m bench.textbook.compare --seed 1 --seconds 60` runs one after the other and prints a table.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from tests.rig import servers
from tests.rig.rest import Person
from tests.rig.site import run_manage
from tests.soak.devices import RETRY_SECONDS
from tests.soak.history import OK, UNKNOWN, History, Json, Seen, Write, now
from tests.soak.people import Account
from tests.soak.plan import Plan, PlannedAction, make_plan
from tests.soak.run import SETTINGS, Run
from tests.soak.stage import Stage

SAYING = frozenset({"say", "bulk_create", "save", "two rooms", "kept of a savepoint"})
SETTLE_SECONDS = 15.0
COMMAND = ["-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "bench.textbook.asgi:application"]


# -- the textbook's side of the driver ---------------------------------------------------------------------------------


class TextbookStage(Stage):
    def command(self) -> list[str]:
        return COMMAND

    def migrate(self) -> None:
        self.environment["DJANGO_SETTINGS_MODULE"] = "bench.textbook.settings"
        run_manage(self.environment_of(-1), "migrate", "--run-syncdb", "--verbosity", "0")

    def environment_of(self, number: int) -> dict[str, str]:
        return {**super().environment_of(number), "DJANGO_SETTINGS_MODULE": "bench.textbook.settings"}


class TextbookDevice:
    """An app as tutorials write it: it connects, subscribes, shows what arrives, and connects again when cut off."""

    def __init__(self, name: str, account: Account, url: str, rooms: list[str], history: History) -> None:
        self.name, self.account, self.history = name, account, history
        self._url, self._rooms = url, rooms
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        history.users[name] = account.id

    def be_born(self) -> None:
        self._note("born")
        self._loop.call_soon_threadsafe(self._open)

    def die(self) -> None:
        self._note("closed")
        self._loop.call_soon_threadsafe(self._close)

    def live(self, actions: list[PlannedAction], began: float, is_over: threading.Event) -> None:
        for action in actions:
            if is_over.wait(max(0.0, began + action.at - time.monotonic())):
                return
            if action.what != "freeze":
                self.die()
                is_over.wait(action.seconds)
                self.be_born()

    def _open(self) -> None:
        self._task = self._loop.create_task(self._run())

    def _close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(Exception):
                token = await asyncio.to_thread(self.account.token)
                async with connect(self._url, proxy=None, compression=None) as socket:
                    await socket.send(json.dumps({"token": token}))
                    self._note("connected")
                    asking = asyncio.create_task(self._ask(socket))
                    try:
                        async for text in socket:
                            self._receive(json.loads(text))
                    finally:
                        asking.cancel()
            await asyncio.sleep(random.uniform(0.2, 1.0))

    async def _ask(self, socket: Any) -> None:
        """Subscribes to each room, and again to those that were refused, because access may have been given."""
        self._subscribed: set[str] = set()
        while True:
            for room in self._rooms:
                if room not in self._subscribed:
                    await socket.send(json.dumps({"subscribe": room}))
            await asyncio.sleep(RETRY_SECONDS)

    def _receive(self, event: Json) -> None:
        if "subscribed" in event:
            self._subscribed.add(event["subscribed"])
            return
        data = event["data"]
        self._note("event", f"room:{event['room']}", type=event["type"], object=str(data["id"]))

    def _note(self, kind: str, stream: str = "", **fields: Any) -> None:
        self.history.seen.append(Seen(self.name, self.account.id, now(), kind, stream, **fields))


class TextbookRun(Run):
    app = "chat"

    def _meet(self) -> None:
        Person.is_checked = False
        super()._meet()

    def _make_devices(self) -> list[Any]:
        readers = [self.owner, *self.members, self.stranger]
        url = self.stage.ws_url.replace("/connection/websocket", "/ws/")
        return [
            TextbookDevice(name, readers[number % len(readers)], url, self.rooms, self.history)
            for number, name in enumerate(self.plan.devices)
        ]

    def _converge(self) -> None:
        self._phase("heal")
        self.stage.heal()
        time.sleep(2.0)
        self._is_over.set()
        self._bulk.kill()
        for thread in self._threads[: self.plan.writers]:
            thread.join(30)
        self.history.writes += self._bulk.writes()
        self._phase("converge")
        time.sleep(SETTLE_SECONDS)
        self._phase("converged")

    def _read_everything(self) -> None:
        self._is_ending.set()


# -- the score of both -------------------------------------------------------------------------------------------------


@dataclass
class Score:
    """`due` counts messages that were answered 2xx while a device was open and its user surely a member."""

    due: int = 0
    lost: int = 0
    repeated: int = 0
    leaked: int = 0
    errors_5xx: int = 0
    tracebacks: int = 0
    writes: int = 0
    slowest_write: float = 0.0


def score(history: History, rooms: list[str]) -> Score:
    """Compares what was sent with what devices got. Leaves out the room that is public at times."""
    streams = {f"room:{room}" for room in rooms[:-1]}
    said = [w for w in history.writes if w.op in SAYING and w.outcome == OK and w.stream in streams]
    result = Score(writes=len(history.writes), tracebacks=sum("Traceback" in error for error in history.errors))
    result.errors_5xx = sum(count for status, count in history.statuses.items() if status >= 500 and status != 503)
    result.slowest_write = round(max((w.ended - w.invoked for w in history.writes if w.outcome == OK), default=0), 2)
    members, open_times = _Members(history), _open_times(history)
    received = defaultdict(list)
    for seen in history.seen:
        if seen.kind == "event" and seen.type == "message.created" and seen.device not in history.fresh:
            received[seen.device, seen.object].append(seen)
    for device, user in history.users.items():
        if device in history.fresh:
            continue
        for write in said:
            if not members.is_in(user, write) or not _is_within(write, open_times[device]):
                continue
            for object in write.objects:
                result.due += 1
                result.lost += not received[device, object.partition(":")[2]] and not _is_listed(history, device, write)
    by_object = {object.partition(":")[2]: write for write in said for object in write.objects}
    for (device, object), seens in received.items():
        births = [seen.life for seen in seens]
        result.repeated += len(births) - len(set(births)) if "py" in device else 0
        write = by_object.get(object)
        result.leaked += write is not None and any(members.is_out(history.users[device], write, s.at) for s in seens)
    return result


def _is_listed(history: History, device: str, write: Write) -> bool:
    """Whether it was in a list that the device read later, by the list's position."""
    offsets = [offset for stream, _, offset in write.positions if stream == write.stream]
    return bool(offsets) and any(
        seen.device == device and seen.kind == "state" and seen.stream == write.stream and seen.offset >= offsets[0]
        for seen in history.seen
    )


def _is_within(write: Write, times: list[tuple[float, float]]) -> bool:
    return any(since <= write.invoked and write.ended <= until for since, until in times)


class _Members:
    """Tells who was in which room, from the answers. Where an answer is missing, neither is_in nor is_out is true."""

    def __init__(self, history: History) -> None:
        self._changes: dict[tuple[str, str], list[Write]] = defaultdict(list)
        for write in sorted(history.writes, key=lambda write: write.invoked):
            if write.op in ("add", "remove") and write.outcome in (OK, UNKNOWN):
                self._changes[write.user, write.stream].append(write)
        self._start = history.phases["warm"]
        self._members = {user for user in history.users.values() if history.members.get(user)}

    def is_in(self, user: str, write: Write) -> bool:
        """Whether the user was a member from before the write was sent until well after it was answered."""
        before = [c for c in self._changes[user, write.stream] if c.invoked <= write.ended + SETTLE_SECONDS]
        if any(c.outcome == UNKNOWN or c.ended > write.invoked - 2.0 for c in before):
            return False
        return before[-1].op == "add" if before else user in self._members

    def is_out(self, user: str, write: Write, received_at: float) -> bool:
        """Whether the user was removed before the write was sent, and not added again before it was received."""
        before = [c for c in self._changes[user, write.stream] if c.invoked <= received_at]
        if not before:
            return user not in self._members
        return before[-1].op == "remove" and before[-1].outcome == OK and 0 < before[-1].ended < write.invoked


def _open_times(history: History) -> dict[str, list[tuple[float, float]]]:
    """Returns when each device was open, without its first two seconds, in which it reads a list."""
    times, since = defaultdict(list), {}
    for seen in history.seen:
        if seen.kind in ("born", "opened"):
            since[seen.device] = seen.at + 2.0
        elif seen.kind == "closed" and seen.device in since:
            times[seen.device].append((since.pop(seen.device), seen.at - SETTLE_SECONDS))
    for device, at in since.items():
        times[device].append((at, history.phases["converge"]))
    return times


# -- side by side ------------------------------------------------------------------------------------------------------


def run_both(plan: Plan) -> dict[str, Score]:
    columns = {}
    for name, run_class, stage_class in (("tidewire", Run, Stage), ("textbook", TextbookRun, TextbookStage)):
        plan.system = name
        run = run_class(plan, stage_class(plan, servers.temporary_folder(f"compare-{name}"), SETTINGS))
        history = run.go()
        history.members = {account.id: True for account in (run.owner, *run.members)}
        history.members[run.stranger.id] = False
        columns[name] = score(history, run.rooms)
    return columns


ROWS = {
    "due": "messages due on open devices",
    "lost": "of these never arrived",
    "repeated": "arrived twice in one life of the app",
    "leaked": "reached a user who had been removed",
    "errors_5xx": "answers 500",
    "tracebacks": "tracebacks in the servers' logs",
    "writes": "writes sent",
    "slowest_write": "slowest answered write, s",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.textbook.compare", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    plan = make_plan(arguments.seed, arguments.seconds, "grown", 2, js_devices=0)
    columns = run_both(plan)
    ours, theirs = columns["tidewire"], columns["textbook"]
    title = f"seed {plan.seed}, {plan.seconds:.0f} s, {len(plan.faults)} faults"
    lines = [f"| {title} | Tidewire | textbook |", "|---|--:|--:|"]
    lines += [f"| {text} | {getattr(ours, name)} | {getattr(theirs, name)} |" for name, text in ROWS.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    if arguments.out:
        arguments.out.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
