"""The reads. Each is judged by what was answered before it began."""

from __future__ import annotations

import json
import random
import re
from typing import Any

from websockets.exceptions import ConnectionClosed

from tests.replicas.truth import Known
from tests.replicas.world import Client, World
from tests.rig.raw import RawSocket
from tidewire.doors import log_offsets

KINDS = ("list", "log", "door", "recovery", "search", "rooms", "removed")
TOKEN = re.compile(r"text-\d+-[0-9a-f]+")
FIRST = 1
"""The generation of a stream before any new epochs."""
WAIT_SECONDS = 5.0
BACK = 20
"""So many events before the end of a stream a read of the log begins."""


class Reader:
    """One reader, with a connection to each server."""

    def __init__(self, world: World, urls: list[str], sockets: list[str], chance: random.Random) -> None:
        self._world, self._truth, self._chance = world, world.truth, chance
        self._clients = [Client(url, world.reader) for url in urls]
        self._urls, self._sockets = urls, sockets

    def read(self) -> str:
        """Does one read of a room. Returns its kind."""
        kind, room = self._chance.choice(KINDS), self._chance.choice(self._world.rooms)
        number = self._chance.randrange(len(self._clients))
        known = self._truth.known(room)
        getattr(self, f"_read_{kind}")(self._clients[number], room, known, number)
        return kind

    # -- kinds ---------------------------------------------------------------------------------------------------------

    def _read_list(self, client: Client, room: str, known: Known, number: int) -> None:
        body = client.get(f"/rooms/{room}/messages/?limit={self._chance.choice([50, 100])}")
        self._judge_offset("list", body["stream"]["offset"], known)
        self._judge_texts("list", room, body, known)

    def _read_log(self, client: Client, room: str, known: Known, number: int) -> None:
        answer = client.ask("GET", f"/streams/room:{room}/events/?after={max(0, known.offset - BACK)}&limit=100")
        if answer.status_code != 200:
            self._truth.judge(False, f"lower: the log answers {answer.status_code}")
            return
        body = answer.json()
        self._judge_offset("log", max([entry["offset"] for entry in body["results"]], default=0), known)
        self._judge_texts("log", room, body, known, is_log=True)

    def _read_door(self, client: Client, room: str, known: Known, number: int) -> None:
        """Reads a page of Durable Streams."""
        after = log_offsets.Lifetime(FIRST, known.epoch).offset(max(0, known.offset - BACK))
        response = client.ask("GET", f"/streams/room:{room}/log/?offset={after}")
        if response.status_code != 200:
            self._truth.judge(False, f"lower: a door answers {response.status_code}")
            return
        reached = log_offsets.parse(response.headers["Stream-Next-Offset"])
        assert reached is not None
        self._judge_offset("door", reached[1], known)
        self._judge_texts("door", room, response.json(), known, is_log=True)

    def _read_recovery(self, client: Client, room: str, known: Known, number: int) -> None:
        """Comes back with a position by WebSocket: what was missed comes in the reply or is pushed after it."""
        with RawSocket(self._sockets[number]) as socket:
            reply = self._recover(socket, client.token, room, known)
            answer = reply.get("subscribe", {})
            self._truth.judge(answer.get("recovered", False), "lower: a recovery is refused")
            shown = list(answer.get("publications", ()))
            while (shown[-1]["offset"] if shown else 0) < known.offset:
                try:
                    push = socket.receive(WAIT_SECONDS).get("push", {})
                except (TimeoutError, ConnectionClosed):
                    break
                shown += [push["pub"]] if "pub" in push else []
        offsets = [each["offset"] for each in shown] or [0]
        self._truth.judge(offsets == list(range(offsets[0], offsets[-1] + 1)), "lower: a recovery has a hole")
        self._judge_offset("recovery", offsets[-1], known)
        self._judge_texts("recovery", room, shown, known, is_log=True)

    def _recover(self, socket: RawSocket, token: str, room: str, known: Known) -> Any:
        socket.connect(token)
        place = {"epoch": known.epoch, "offset": max(0, known.offset - BACK)}
        return socket.subscribe(f"room:{room}", recover=True, **place)

    def _read_search(self, client: Client, room: str, known: Known, number: int) -> None:
        body = client.get(f"/search/messages/?q=%22{known.last or 'text'}%22")
        self._judge_texts("search", room, body, known)

    def _read_rooms(self, client: Client, room: str, known: Known, number: int) -> None:
        body = client.get("/rooms/?limit=100")
        self._truth.judge(len(body["results"]) == len(self._world.rooms), "a room is missing")

    def _read_removed(self, client: Client, room: str, known: Known, number: int) -> None:
        """Reads as somebody who was removed from the room lately."""
        with self._truth.lock:
            tokens = self._truth.removed[room][-2:]
        if not tokens:
            return
        person = Client(self._urls[number], self._chance.choice(tokens))
        paths = {"list": f"/rooms/{room}/messages/", "log": f"/streams/room:{room}/events/"}
        paths["door"] = f"/streams/room:{room}/log/?offset=-1"
        for kind, path in paths.items():
            self._truth.judge(person.ask("GET", path).status_code in (403, 404), f"removed: the {kind} is open")
        with RawSocket(self._sockets[number]) as socket:
            reply = self._recover(socket, person.token, room, known)
        self._truth.judge(reply.get("error", {}).get("code") == 103, "removed: a recovery is answered")
        listed = [each["id"] for each in person.get("/rooms/")["results"]]
        self._truth.judge(room not in listed, "removed: the room is listed")
        found = person.get(f"/search/messages/?q=%22{known.last or 'text'}%22")["results"]
        self._truth.judge(not found, "removed: a message is found")
        person.close()

    # -- the judge -----------------------------------------------------------------------------------------------------

    def _judge_offset(self, kind: str, offset: int, known: Known) -> None:
        self._truth.judge(offset >= known.offset, f"lower: {kind} at {offset}, asked {known.offset}")

    def _judge_texts(self, kind: str, room: str, body: Any, known: Known, is_log: bool = False) -> None:
        """No text is shown that was erased before; and in a list the last message, unless it was changed meanwhile."""
        shown = set(TOKEN.findall(json.dumps(body)))
        for text in shown & known.gone:
            self._truth.judge(False, f"erased: {kind} shows {text}")
        if known.last is not None and known.last not in shown and not is_log:
            is_last = self._truth.known(room).last == known.last
            stands = is_last and any(text == known.last for _, text in list(self._world.messages[room]))
            self._truth.judge(not stands, f"lacking: {kind} without {known.last}")
