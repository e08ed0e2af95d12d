"""One run: warm up, inflict faults, repair everything, wait until devices have caught up, read everything."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.rig import servers
from tests.soak.bulk_process import BulkProcess
from tests.soak.devices import Device, read_room
from tests.soak.history import History, Sample, now
from tests.soak.nemesis import Nemesis
from tests.soak.people import Account, Caller
from tests.soak.plan import WARM_SECONDS, Plan
from tests.soak.reading import read_log
from tests.soak.stage import Stage, memory_mib
from tests.soak.writers import Writer

ACCESS_SECONDS = 60
CONVERGE_SECONDS = 15.0
MARGIN_SECONDS = 150.0  # start, end and checks; beyond it the watchdog ends the run
SETTINGS = {"ACCESS_TOKEN_SECONDS": str(ACCESS_SECONDS), "LOG_LEVEL": "WARNING"}
SETTINGS |= {"RESPONSE_SECONDS": "8", "LONG_POLL_SECONDS": "5"}  # so that a run sees many of their ends


class Run:
    """`history` is complete when `go` returns."""

    app = "api"  # whose models the bulk writer uses

    def __init__(self, plan: Plan, stage: Stage) -> None:
        self.plan, self.stage = plan, stage
        self.history = History()
        self._is_over = threading.Event()  # for writers
        self._is_ending = threading.Event()  # for devices
        self._threads: list[threading.Thread] = []

    def go(self) -> History:
        """Does the run and returns its history. A watchdog ends the process when it takes too long."""
        watchdog = threading.Timer(self.plan.seconds + MARGIN_SECONDS, _give_up)
        watchdog.daemon = True
        watchdog.start()
        try:
            self._start()
            self._break_things()
            self._converge()
            self._read_everything()
        finally:
            self._is_over.set()
            self._is_ending.set()
            for device in getattr(self, "_devices", []):
                device.die()
            self.stage.stop()
            watchdog.cancel()
        self.history.errors += self.stage.tracebacks()
        return self.history

    # -- phases --------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self.stage.start()
        self._meet()
        writers = self._writers()
        self._devices = self._make_devices()
        self._bulk = BulkProcess(
            self.stage.environment_of(-1),
            self.stage.folder,
            self.plan.seed,
            self.plan.seconds + 60,
            self.app,
            self.rooms,
        )
        self._phase("warm")
        self._bulk.start()
        for device in self._devices:
            device.be_born()
        for name, writer in writers.items():
            self._spawn(writer.write, self.plan.draws[name], self.plan.pause, self._is_over)
        time.sleep(WARM_SECONDS)
        began = time.monotonic()
        for device in self._devices:
            self._spawn(device.live, self.plan.devices[device.name], began, self._is_ending)
        self._spawn(self._sample)
        self._began = began

    def _break_things(self) -> None:
        self._phase("faults")
        nemesis = Nemesis(self.stage, self._bulk, self.history, self.owner)
        for fault in self.plan.faults:
            due = self._began + fault.at - time.monotonic()
            if fault.at > self.plan.seconds or time.monotonic() - self._began > self.plan.seconds:
                break
            time.sleep(max(0.0, due))
            nemesis.inflict(fault)
        time.sleep(max(0.0, self._began + self.plan.seconds - time.monotonic()))

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
        self._fresh = [self._fresh_device(number) for number in range(2)]
        heads = self._heads()
        deadline = time.monotonic() + CONVERGE_SECONDS
        while time.monotonic() < deadline and not self._is_at(heads):
            time.sleep(0.1)
        self._phase("converged" if self._is_at(heads) else "not converged")

    def _read_everything(self) -> None:
        self._is_ending.set()
        for device in self._all_devices:
            self.history.copies[device.name] = device.copies()
        caller = Caller(self.stage.url, self.history, is_patient=True)
        for account in (self.owner, *self.members, self.stranger):
            rooms = {f"room:{room}": read_room(caller, account, room) for room in self.rooms}
            self.history.rest[account.id] = {name: read and read[0].canonical() for name, read in rooms.items()}
        url = self.stage.database.url if self.stage.database else None
        read_log(url, self.stage.folder, self.history)
        self._phase("read")

    # -- people, writers, devices --------------------------------------------------------------------------------------

    def _meet(self) -> None:
        url = self.stage.workers[0].url
        names = ["owner", *(f"member{n}" for n in range(self.plan.members)), "stranger"]
        with ThreadPoolExecutor(2) as pool:  # few passwords are hashed at once
            accounts = list(pool.map(lambda name: Account(url, name, ACCESS_SECONDS, self.history), names))
        self.owner, *self.members, self.stranger = accounts
        person = self.owner._person
        kinds = ["private"] * (self.plan.rooms - 1) + ["public"]
        self.rooms = [person.make_room(f"room {n}", kind) for n, kind in enumerate(kinds)]
        self.history.public_from_birth = {f"room:{self.rooms[-1]}"}
        for room in self.rooms:
            for account in self.members:
                person.post(f"rooms/{room}/members/", {"user_id": account.id, "role": "member"})
        for account in accounts:
            account.move(self.stage.url)

    def _writers(self) -> dict[str, Writer]:
        people = {"owner": [self.owner], "members": self.members}
        return {
            name: Writer(name, self.stage.url, people, self.rooms, self.history, is_keeper=name == "writer-0")
            for name in self.plan.draws
        }

    def _make_devices(self) -> list[Device]:
        readers = [self.owner, *self.members, self.stranger]
        return [self._device(name, readers[number % len(readers)]) for number, name in enumerate(self.plan.devices)]

    def _device(self, name: str, account: Account) -> Device:
        return Device(name, account, (self.stage.url, self.stage.ws_url), self.rooms, self.history)

    def _fresh_device(self, number: int) -> Device:
        """Starts a device at the end that reads each log from its first event on."""
        device = self._device(f"fresh-{number}", self.owner)
        for room in self.rooms:
            epoch = self._head(room)[0]
            device.start_from(f"room:{room}", {"epoch": epoch, "offset": 0})
        self.history.fresh.add(device.name)
        device.be_born()
        return device

    @property
    def _all_devices(self) -> list[Device]:
        return [*self._devices, *self._fresh]

    # -- the end -------------------------------------------------------------------------------------------------------

    def _head(self, room: str) -> tuple[str, int]:
        caller = Caller(self.stage.url, self.history)
        for _ in range(20):
            page = caller.get(self.owner, f"rooms/{room}/messages/?limit=1")
            if page is not None:
                return page["stream"]["epoch"], page["stream"]["offset"]
            time.sleep(0.5)
        raise RuntimeError("the list of a room cannot be read, though everything was repaired")

    def _heads(self) -> dict[str, int]:
        return {f"room:{room}": self._head(room)[1] for room in self.rooms}

    def _is_at(self, heads: dict[str, int]) -> bool:
        """Whether every device has reached the head of each stream that it may read."""
        allowed = self._allowed()
        return all(
            device.offset(stream) == head
            for device in self._all_devices
            for stream, head in heads.items()
            if (device.account.id, stream) in allowed
        )

    def _allowed(self) -> set[tuple[str, str]]:
        """Returns (user, stream) of all that REST lets be read. Asked once: nothing changes it any more."""
        if not hasattr(self, "_allowed_now"):
            caller = Caller(self.stage.url, self.history)
            self._allowed_now = {
                (account.id, f"room:{room}")
                for account in (self.owner, *self.members, self.stranger)
                for room in self.rooms
                if caller.get(account, f"rooms/{room}/") is not None
            }
        return self._allowed_now

    # -- around it -----------------------------------------------------------------------------------------------------

    def _phase(self, name: str) -> None:
        self.history.phases[name] = now()

    def _spawn(self, work, *args) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _sample(self) -> None:
        while not self._is_ending.wait(1.0):
            for worker in self.stage.workers:
                for pid in worker.pids():
                    self.history.samples.append(Sample(now(), worker.name, pid, memory_mib(pid)))


def run(plan: Plan, folder: Path | None = None) -> History:
    folder = folder or servers.temporary_folder("soak")
    return Run(plan, Stage(plan, folder, SETTINGS)).go()


def _give_up() -> None:
    """Ends this process; its children die with it."""
    print("the soak took too long and was ended", flush=True)
    os._exit(3)
