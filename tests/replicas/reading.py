"""The reads. Each is judged by what was answered before it began."""

from __future__ import annotations

import json
import random
import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed

from tests.replicas.feeding import copy_feed
from tests.replicas.truth import Known
from tests.replicas.world import SILENT_SECONDS, Client, World
from tests.rig.http_events import events_of
from tests.rig.raw import Json, RawSocket
from tests.rig.raw_fallback import RawFallback
from tidewire.doors import log_offsets

KINDS = (
    "list", "log", "door", "events", "feed", "recovery", "http_stream", "sse", "search", "rooms", "removed",
)  # fmt: skip
FALLBACKS = ("http_stream", "sse")
TOKEN = re.compile(r"text-\d+-[0-9a-f]+")
FIRST = 1
"""The generation of a stream before any new epochs."""
BACK = 20
"""So many events before the end of a stream a read of the log begins."""
BOOKMARKS = 6
"""So many bookmarks of the feed a reader keeps. It goes on from any of them, so that it reads the last events again."""


class Reader:
    """One reader, with a connection to each server."""

    def __init__(self, world: World, urls: list[str], sockets: list[str], chance: random.Random) -> None:
        self._world, self._truth, self._chance = world, world.truth, chance
        self._clients = [Client(url, world.reader) for url in urls]
        self._urls, self._sockets = urls, sockets
        self._bookmarks: deque[tuple[str, dict[str, int]]] = deque([("", {})], maxlen=BOOKMARKS)

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

    def _read_events(self, client: Client, room: str, known: Known, number: int) -> None:
        """Comes back to a response of server-sent events, which first sends what was missed."""
        shown: list[Json] = []
        with client.opened(self._events_path(room, known)) as response, suppress(httpx.ReadTimeout):
            self._truth.judge(response.status_code == 200, f"lower: events answer {response.status_code}")
            for name, data, id in events_of(response.iter_lines()):
                self._truth.judge(name != "gone", "lower: events are gone")
                offset = int(id.partition("=")[2].partition(".")[0] or 0)
                if data is not None:  # else it is the position from which the response goes on
                    shown.append({"offset": offset, "data": data})
                if offset >= known.offset:
                    break
        self._judge_log("events", room, shown, known)

    def _read_feed(self, client: Client, room: str, known: Known, number: int) -> None:
        """Goes on from an earlier bookmark, to the end of a round."""
        before = {each: self._truth.known(each) for each in self._world.rooms}
        bookmark, places = self._chance.choice(self._bookmarks)
        copied = copy_feed(client, bookmark)
        self._truth.judge(copied.has_ended, "lower: the feed has no end")
        self._truth.judge(not copied.lost, "lower: the feed begins anew")
        reached = dict(places)
        for name, shown in copied.events.items():
            each = name.removeprefix("room:")
            offsets = [entry["offset"] for entry in shown]
            first = reached.get(each, 0) + 1
            self._truth.judge(offsets == list(range(first, first + len(offsets))), "lower: feed with a hole")
            reached[each] = offsets[-1]
            self._judge_texts("feed", each, shown, before[each], is_log=True)
        for each, wanted in before.items():
            self._judge_offset("feed", reached.get(each, 0), wanted)
        self._bookmarks.append((copied.bookmark, reached))

    def _read_recovery(self, client: Client, room: str, known: Known, number: int) -> None:
        with RawSocket(self._sockets[number]) as socket:
            reply = self._recover(socket, client.token, room, known)
            self._judge_recovery("recovery", room, known, reply, socket.receive)

    def _read_http_stream(self, client: Client, room: str, known: Known, number: int) -> None:
        self._read_fallback("http_stream", client, room, known, number)

    def _read_sse(self, client: Client, room: str, known: Known, number: int) -> None:
        self._read_fallback("sse", client, room, known, number)

    def _read_fallback(self, door: str, client: Client, room: str, known: Known, number: int) -> None:
        with self._fallback(door, client.token, room, known, number) as response:
            self._judge_recovery(door, room, known, response.reply(2), response.receive)

    def _recover(self, socket: RawSocket, token: str, room: str, known: Known) -> Any:
        socket.connect(token)
        return socket.subscribe(f"room:{room}", recover=True, **_place(known))

    def _fallback(self, door: str, token: str, room: str, known: Known, number: int) -> RawFallback:
        subscribe = {"channel": f"room:{room}", "recover": True, **_place(known)}
        first = {"id": 1, "connect": {"token": token}}
        commands = first, {"id": 2, "subscribe": subscribe}
        return RawFallback(self._urls[number], door, *commands, silent_seconds=SILENT_SECONDS)

    def _events_path(self, room: str, known: Known) -> str:
        place = _place(known)
        return f"/streams/events/?stream=room:{room}&last_event_id=room:{room}={place['offset']}.{place['epoch']}"

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
        with person.opened(self._events_path(room, known)) as response:
            self._truth.judge(response.status_code == 404, "removed: the events are open")
        with RawSocket(self._sockets[number]) as socket:
            replies = {"recovery": self._recover(socket, person.token, room, known)}
        for door in FALLBACKS:
            with self._fallback(door, person.token, room, known, number) as fallback:
                replies[door] = fallback.reply(2)
        for kind, reply in replies.items():
            self._truth.judge(reply.get("error", {}).get("code") == 103, f"removed: a {kind} is answered")
        copied = copy_feed(person, "")
        self._truth.judge(f"room:{room}" not in copied.named, "removed: the feed has the room")
        listed = [each["id"] for each in person.get("/rooms/")["results"]]
        self._truth.judge(room not in listed, "removed: the room is listed")
        found = person.get(f"/search/messages/?q=%22{known.last or 'text'}%22")["results"]
        self._truth.judge(not found, "removed: a message is found")
        person.close()

    # -- the judge -----------------------------------------------------------------------------------------------------

    def _judge_recovery(
        self, kind: str, room: str, known: Known, reply: Json, receive: Callable[[float], Json]
    ) -> None:
        """What was missed comes in the reply to a subscribe, or is pushed after it."""
        answer = reply.get("subscribe", {})
        self._truth.judge(answer.get("recovered", False), f"lower: {kind} is refused")
        shown = list(answer.get("publications", ()))
        while (shown[-1]["offset"] if shown else 0) < known.offset:
            try:
                push = receive(SILENT_SECONDS).get("push", {})
            except (TimeoutError, ConnectionClosed):
                break
            shown += [push["pub"]] if "pub" in push else []
        self._judge_log(kind, room, shown, known)

    def _judge_log(self, kind: str, room: str, shown: list[Json], known: Known) -> None:
        """Judges events one after the other, each with its offset."""
        offsets = [each["offset"] for each in shown] or [0]
        self._truth.judge(offsets == list(range(offsets[0], offsets[-1] + 1)), f"lower: {kind} with a hole")
        self._judge_offset(kind, offsets[-1], known)
        self._judge_texts(kind, room, shown, known, is_log=True)

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


def _place(known: Known) -> Json:
    """Returns the position from which a client comes back."""
    return {"epoch": known.epoch, "offset": max(0, known.offset - BACK)}
