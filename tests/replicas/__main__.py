"""`python -m tests.replicas`: reads with positions beside a real streaming replica that is held behind.

    python -m tests.replicas --reads 10000 --behind 5

Writers post, edit and delete messages, and add and remove members, through the API of this process. Readers ask for
lists, searches and pages of the log meanwhile. Each read is judged by what was answered before it began:

- its position is at least that of the last answered write to the stream, and it shows the last message;
- it holds no text that was erased by a deletion, or replaced by an edit;
- it shows a removed member nothing of the room.

Fails on any violation, and where the replica served no read. With `--blind` the replica is asked without looking at
what it has replayed: then there must be violations, or the judge sees nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from bench.databases import throw_away
from tests.rig import servers
from tests.rig.site import QUOTAS
from tests.rig.verify import figure

BUSY, QUIET, READERS, WRITERS = 4, 6, 4, 2
QUIET_SECONDS = 8.0
"""Between two writes to a quiet room: longer than the replica is behind."""
TOKEN = re.compile(r"text-\d+-[0-9a-f]+")
POSITION = re.compile(r"(room:[0-9a-f-]+); epoch=\w+; offset=(\d+)")


class Truth:
    """What was answered so far. Read and written under one lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.offsets: dict[str, int] = defaultdict(int)
        self.last: dict[str, str] = {}  # room: text of its last message, while it stands
        self.gone: set[str] = set()
        self.removed: dict[str, list[Any]] = defaultdict(list)  # room: people
        self.violations: list[str] = []

    def written(self, room: str, response: Any, text: str = "", gone: str = "") -> None:
        """Takes in the answer of a write."""
        offset = next(int(offset) for name, offset in POSITION.findall(response["Tidewire-Position"]) if room in name)
        with self.lock:
            self.offsets[room] = max(self.offsets[room], offset)
            if gone:
                self.gone.add(gone)
            if gone and self.last.get(room) == gone:
                del self.last[room]
            if text:
                self.last[room] = text

    def known(self, room: str) -> tuple[int, str | None, frozenset[str]]:
        with self.lock:
            return self.offsets[room], self.last.get(room), frozenset(self.gone)

    def judge(self, is_good: bool, what: str) -> None:
        if not is_good:
            with self.lock:
                self.violations.append(what)


class World:
    """Rooms with an owner and members, and what happens in them."""

    def __init__(self) -> None:
        from api.models import Member
        from tests.factories import add_member, make_room, make_user

        self.truth, self.stopped = Truth(), threading.Event()
        self.owner, self.reader = make_user("Olga"), make_user("Rita")
        self.rooms = [str(make_room(self.owner, self.reader).pk) for _ in range(BUSY + QUIET)]
        self.locks = {room: threading.Lock() for room in self.rooms}
        self.messages: dict[str, list[tuple[str, str]]] = {room: [] for room in self.rooms}
        self._make_user, self._add, self._role = make_user, add_member, Member.Role.MEMBER
        self._count = 0

    def client(self, user: Any) -> Any:
        from rest_framework.test import APIClient

        from api.auth import sessions

        client = APIClient(headers={"host": "localhost"})
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {sessions.sign_in_as(user)['access']}")
        return client

    def text(self, chance: random.Random) -> str:
        with self.truth.lock:
            self._count += 1
            return f"text-{self._count}-{chance.getrandbits(48):x}"

    # -- writes ------------------------------------------------------------------------------------------------------

    def write(self, client: Any, room: str, chance: random.Random) -> None:
        """Does one thing in a room, which no other writer changes meanwhile."""
        with self.locks[room]:
            dice, known = chance.random(), self.messages[room]
            if dice < 0.55 or not known:
                self.post(client, room, chance)
            elif dice < 0.70:
                self.edit(client, room, chance)
            elif dice < 0.90:
                self.delete(client, room, known.pop(chance.randrange(len(known))))
            else:
                self.remove_a_member(client, room, chance)

    def post(self, client: Any, room: str, chance: random.Random) -> None:
        text = self.text(chance)
        response = client.post(f"/api/v1/rooms/{room}/messages/", {"text": text}, format="json")
        assert response.status_code == 201, response.content
        self.messages[room].append((response.json()["id"], text))
        self.truth.written(room, response, text)

    def edit(self, client: Any, room: str, chance: random.Random) -> None:
        place = chance.randrange(len(self.messages[room]))
        message, _ = self.messages[room][place]
        text = self.text(chance)
        path = f"/api/v1/rooms/{room}/messages/{message}/"
        version = client.get(path)["ETag"]
        response = client.patch(path, {"text": text}, format="json", headers={"if-match": version})
        assert response.status_code == 200, response.content
        self.messages[room][place] = (message, text)
        self.truth.written(room, response)

    def delete(self, client: Any, room: str, message: tuple[str, str]) -> None:
        path = f"/api/v1/rooms/{room}/messages/{message[0]}/"
        response = client.delete(path, headers={"if-match": client.get(path)["ETag"]})
        assert response.status_code == 204, response.content
        self.truth.written(room, response, gone=message[1])

    def remove_a_member(self, client: Any, room: str, chance: random.Random) -> None:
        user = self._make_user()
        self._add(self._room(room), user, self._role)
        person = self.client(user)
        path = f"/api/v1/rooms/{room}/members/{user.pk}/"
        response = client.delete(path, headers={"if-match": client.get(path)["ETag"]})
        assert response.status_code == 204, response.content
        self.truth.written(room, response)
        with self.truth.lock:
            self.truth.removed[room].append(person)

    def _room(self, room: str) -> Any:
        from api.models import Room

        return Room.objects.get(pk=room)

    # -- reads -------------------------------------------------------------------------------------------------------

    def read(self, client: Any, room: str, chance: random.Random) -> str:
        """Does one read and judges it. Returns its kind."""
        offset, last, gone = self.truth.known(room)
        kind = chance.choice(["list", "list", "log", "log", "search", "rooms", "removed"])
        if kind == "list":
            body = self.get(client, f"/api/v1/rooms/{room}/messages/?limit={chance.choice([50, 100])}")
            self.truth.judge(body["stream"]["offset"] >= offset, f"list at {body['stream']['offset']}, asked {offset}")
            self.judge_texts(kind, room, body, gone, last)
        elif kind == "log":
            body = self.get(client, f"/api/v1/streams/room:{room}/events/?after={max(0, offset - 20)}&limit=100")
            reached = max([entry["offset"] for entry in body["results"]], default=0)
            self.truth.judge(reached >= offset, f"log up to {reached}, asked {offset}")
            self.judge_texts(kind, room, body, gone, None)
        elif kind == "search":
            word = last or "text"
            body = self.get(client, f"/api/v1/search/messages/?q=%22{word}%22")
            self.judge_texts(kind, room, body, gone, last)
        elif kind == "rooms":
            body = self.get(client, "/api/v1/rooms/?limit=100")
            self.truth.judge(len(body["results"]) == len(self.rooms), "a room is missing")
        else:
            self.read_as_a_removed_member(room, chance)
        return kind

    def judge_texts(self, kind: str, room: str, body: Any, gone: frozenset[str], last: str | None) -> None:
        """The last message is shown unless it was deleted or edited meanwhile, and none that was deleted before."""
        shown = set(TOKEN.findall(repr(body)))
        for text in shown & gone:
            self.truth.judge(False, f"{kind} shows the erased {text}")
        if last is not None and last not in shown:
            still = self.truth.known(room)[1]
            is_there = still == last and any(text == last for _, text in list(self.messages[room]))
            self.truth.judge(not is_there, f"{kind} lacks the last message {last}")

    def read_as_a_removed_member(self, room: str, chance: random.Random) -> None:
        with self.truth.lock:
            people = list(self.truth.removed[room])
            last = self.truth.last.get(room)
        if not people:
            return
        person = chance.choice(people[-2:])
        for path in (f"/api/v1/rooms/{room}/messages/", f"/api/v1/streams/room:{room}/events/"):
            self.truth.judge(person.get(path).status_code == 404, f"{path} is open to a removed member")
        listed = [each["id"] for each in self.get(person, "/api/v1/rooms/")["results"]]
        self.truth.judge(room not in listed, "the room is listed for a removed member")
        found = self.get(person, f"/api/v1/search/messages/?q=%22{last or 'text'}%22")["results"]
        self.truth.judge(not found, "a removed member finds a message")

    @staticmethod
    def get(client: Any, path: str) -> Any:
        response = client.get(path)
        assert response.status_code == 200, f"{path}: {response.content!r}"
        return response.json()


def run(world: World, reads: int, seed: int) -> Counter[str]:
    """Lets writers and readers work until so many reads are done. Returns how many of each kind."""
    kinds: Counter[str] = Counter()
    errors: list[BaseException] = []

    def guarded(work: Callable[[random.Random, Any], None], user: Any, number: int) -> Callable[[], None]:
        def body() -> None:
            from django.db import connections

            try:
                work(random.Random(seed * 100 + number), world.client(user))
            except BaseException as error:
                errors.append(error)
                world.stopped.set()
            finally:
                connections.close_all()

        return body

    def writer(chance: random.Random, client: Any) -> None:
        written_at = dict.fromkeys(world.rooms[BUSY:], time.monotonic())
        while not world.stopped.is_set():
            world.write(client, chance.choice(world.rooms[:BUSY]), chance)
            for room, at in written_at.items():
                if time.monotonic() - at > QUIET_SECONDS * chance.uniform(1, 2):
                    written_at[room] = time.monotonic()
                    world.write(client, room, chance)
            world.stopped.wait(0.05)

    def reader(chance: random.Random, client: Any) -> None:
        while not world.stopped.is_set():
            kind = world.read(client, chance.choice(world.rooms), chance)
            with world.truth.lock:
                kinds[kind] += 1
                if sum(kinds.values()) >= reads:
                    world.stopped.set()

    threads = [threading.Thread(target=guarded(writer, world.owner, n)) for n in range(WRITERS)]
    threads += [threading.Thread(target=guarded(reader, world.reader, WRITERS + n)) for n in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return kinds


def prepare(world: World, behind: float) -> None:
    """Writes something to every room, and waits until the replica has it."""
    from django.db import connections

    chance, client = random.Random(0), world.client(world.owner)
    for room in world.rooms:
        for _ in range(5):
            world.post(client, room, chance)
        world.remove_a_member(client, room, chance)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn()::text")
        end = cursor.fetchone()[0]
    deadline = time.monotonic() + behind + 60
    with connections["replica"].cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [end])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.1)
    raise TimeoutError("the replica does not follow")


def outcomes() -> dict[str, int]:
    """Returns {outcome: reads} of the metric."""
    from tidewire.ground.metrics import replica_reads

    samples = [sample for metric in replica_reads.collect() for sample in metric.samples]
    return {each.labels["outcome"]: int(each.value) for each in samples if each.name.endswith("_total")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=10_000)
    parser.add_argument("--behind", type=float, default=5.0, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--blind", action="store_true")
    options = parser.parse_args()
    os.environ |= dict.fromkeys(QUOTAS, "0")
    with throw_away("replicas", "postgresql") as (server, _):
        assert server is not None
        replica = servers.start_replica(server, f"recovery_min_apply_delay={int(options.behind * 1000)}ms")
        try:
            os.environ["DATABASE_REPLICA_URL"] = replica.database_url("replicas")
            return judge(options)
        finally:
            replica.stop()


def judge(options: argparse.Namespace) -> int:
    import django  # the settings read the environment

    django.setup()
    from django.core.management import call_command

    from tidewire.log import replicas

    call_command("migrate", verbosity=0)
    if options.blind:
        replicas._covers = replicas._has_replayed = lambda *_: True
    world = World()
    prepare(world, options.behind)
    before = outcomes()
    kinds = run(world, options.reads, options.seed)
    served = {name: count - before.get(name, 0) for name, count in outcomes().items()}
    violations = Counter(re.sub(r"text-\d+-\w+|\d+|/\S+", "…", each) for each in world.truth.violations)
    figure(
        f"replica held {options.behind:g} s behind, {sum(kinds.values()):,} reads ({dict(kinds)}) beside "
        f"{world._count:,} texts written: {len(world.truth.violations)} violations; served by {served}"
    )
    for text, count in violations.most_common():
        sys.stdout.write(f"{count} × {text}\n")
    if options.blind:
        return 0 if violations else 1
    return 1 if violations or not served.get("replica") else 0


if __name__ == "__main__":
    sys.exit(main())
