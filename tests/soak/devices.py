"""Devices: public SDKs, and programs that follow the log, that come and go.

Each keeps what an application keeps: per stream a position, and a copy of the rows, made from a REST list and the
events after it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import datetime
from typing import Any

from tests.sdk.agents import JsAgent, JsHttpStreamAgent, JsSseAgent, Position, PyAgent, SdkClient, SdkEvent
from tests.soak.history import History, Json, Seen, digest, now
from tests.soak.log_agents import LogAgent, LongPollAgent
from tests.soak.people import Account, Caller
from tests.soak.plan import PlannedAction

RETRY_SECONDS = 1.5
Agent = SdkClient | LogAgent
SDKS: dict[str, type[Agent]] = {
    "js": JsAgent,
    "sse": JsSseAgent,
    "http": JsHttpStreamAgent,
    "log": LogAgent,
    "poll": LongPollAgent,
}
"""By the first part of a device's name. Two SDKs fall back to HTTP, because their WebSocket is blocked; two programs
follow the log by Durable Streams."""
GONE_CODES = (103, 2000)


class Copy:
    """Messages by id and members by user, kept up to date by events. Applying one twice, or late, changes nothing."""

    def __init__(self, messages: list[Json] = [], members: list[Json] = []) -> None:  # noqa: B006  never changed
        self.messages = {row["id"]: row for row in messages}
        self.members = {row["user"]["id"]: row for row in members}

    def apply(self, event: Json) -> None:
        data, kind = event["data"], event["type"]
        if kind == "message.deleted":
            self.messages.pop(data["id"], None)
        elif kind.startswith("message."):
            known = self.messages.get(data["id"])
            if known is None or known["version"] <= data["version"]:
                self.messages[data["id"]] = data
        elif kind == "member.left":
            self.members.pop(data["user"]["id"], None)
        elif kind.startswith("member."):
            self.members[data["user"]["id"]] = data

    def canonical(self) -> Json:
        return {
            "messages": sorted(self.messages.values(), key=lambda row: row["id"]),
            "members": sorted(self.members.values(), key=lambda row: row["user"]["id"]),
        }


def read_room(caller: Caller, account: Account, room: str) -> tuple[Copy, Position] | None:
    """Reads a fresh copy of the room, and the position after which events keep it up to date. None if not readable."""
    messages = caller.everything(account, f"rooms/{room}/messages/?limit=100")
    members = caller.everything(account, f"rooms/{room}/members/?limit=100") if messages else None
    if messages is None or members is None or messages[1] is None:
        return None
    return Copy(messages[0], members[0]), messages[1]


class Device:
    """One install of an application. `_life` counts its processes; copies and positions survive them."""

    def __init__(self, name: str, account: Account, urls: tuple[str, str], rooms: list[str], history: History) -> None:
        self.name, self.account, self.history = name, account, history
        self._url, self._ws_url = urls
        self._rooms = rooms
        self._caller = Caller(self._url, history)
        self._lock = threading.RLock()
        self._copies: dict[str, Copy] = {}
        self._positions: dict[str, Position] = {}
        self._lost: set[str] = set()
        self._retried: set[str] = set()  # lost, subscribed again, not answered yet
        self._asked: set[str] = set()
        self._life = self._attempt = 0
        self._client: Agent | None = None
        history.users[name] = account.id

    # -- life ----------------------------------------------------------------------------------------------------------

    def be_born(self) -> None:
        """Starts a new process of the application. Copies and positions are still there."""
        self._life += 1
        self._note("born")
        base = SDKS.get(self.name.partition("-")[0], PyAgent)
        self._client = _recording(base, self._receive, self._life)
        self._client.connect(self._ws_url, get_token=self.account.token)
        for room in self._rooms:
            self._subscribe(f"room:{room}")

    def die(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                client.close()

    def live(self, actions: list[PlannedAction], began: float, is_over: threading.Event) -> None:
        """Does the planned actions when they are due. In between, subscribes to lost streams again."""
        pending = list(actions)
        while not is_over.is_set():
            if pending and time.monotonic() - began >= pending[0].at:
                self._act(pending.pop(0), is_over)
            self._retry_lost()
            due = began + pending[0].at - time.monotonic() if pending else RETRY_SECONDS
            is_over.wait(min(RETRY_SECONDS, max(0.1, due)))

    def start_from(self, stream: str, position: Position) -> None:
        """Stores a position to begin from."""
        self._positions[stream] = dict(position)

    def _act(self, action: PlannedAction, is_over: threading.Event) -> None:
        try:
            if action.what != "freeze":
                self._note("closed")
            if action.what in ("reborn", "forget"):
                self.die()
                is_over.wait(action.seconds)
                if action.what == "forget":
                    with self._lock:
                        self._copies.clear()
                        self._positions.clear()
                self.be_born()
            elif action.what == "freeze" and isinstance(self._client, JsAgent):
                self._client.freeze()
                is_over.wait(action.seconds)
                self._client.thaw()
            else:
                assert self._client is not None
                self._client.disconnect()
                is_over.wait(action.seconds)
                self._client.reconnect()
                self._note("opened")
        except Exception as error:
            self.history.errors.append(f"{self.name}: {action.what} failed: {error!r}"[:500])

    def _subscribe(self, stream: str) -> None:
        assert self._client is not None
        self._asked.discard(stream)
        if stream in self._lost:
            self._retried.add(stream)
            self._lost.discard(stream)
        self._client.subscribe(stream, get_state=lambda: self._state(stream))

    def _retry_lost(self) -> None:
        for stream in list(self._lost):
            if self._client is not None:
                try:
                    self._client.unsubscribe(stream)
                    self._subscribe(stream)
                except Exception as error:
                    self._lost.add(stream)
                    self.history.errors.append(f"{self.name}: cannot subscribe again: {error!r}"[:500])

    def _state(self, stream: str) -> Position:
        """Returns the stored position, else that of a fresh list.

        The SDK calls it a second time when the server refused the position: then only a fresh list helps.
        """
        with self._lock:
            attempt, known = self._attempt, self._positions.get(stream)
            if known is not None and stream not in self._asked:
                self._asked.add(stream)
                return known
            if known is not None:
                self._note("unrecoverable", stream, offset=known["offset"])
        fresh = read_room(self._caller, self.account, stream.partition(":")[2])
        with self._lock:
            if attempt != self._attempt:
                raise ConnectionError("the connection that asked is over")
            self._asked.add(stream)
            if fresh is None:
                # Not readable, or no answer. Go on with the old position: the server must refuse it by itself.
                return known or self._begin_at_nothing(stream)
            self._copies[stream], self._positions[stream] = fresh
            self._note("state", stream, offset=fresh[1]["offset"], epoch=fresh[1]["epoch"])
            return fresh[1]

    def _begin_at_nothing(self, stream: str) -> Position:
        """Stores the start of the log: all its events make a copy too. An empty epoch fits any."""
        self._copies[stream], self._positions[stream] = Copy(), {"epoch": "", "offset": 0}
        self._note("state", stream)
        return {"epoch": "", "offset": 0}

    # -- callbacks -----------------------------------------------------------------------------------------------------

    def _receive(self, event: SdkEvent, life: int) -> None:
        """Called in the SDK's thread, in the order of its callbacks."""
        with self._lock:
            if life != self._life:
                return
            if event.kind == "publication":
                self._apply(event)
            elif event.kind == "subscribed":
                self._on_subscribed(event)
            elif event.kind == "unsubscribed":
                self._lost.add(event.channel or "")
                kind = "refused" if event.code == 103 else "unsubscribed"
                self._note(kind, event.channel or "", code=event.code or 0)
            elif event.kind in ("connected", "connecting", "disconnected", "error", "subscribing"):
                if event.kind != "error" and event.channel is None:
                    # A new connection: each stream may use its stored position again.
                    self._asked.clear()
                    self._attempt += 1
                self._note(event.kind, event.channel or "", code=event.code or 0)

    def _on_subscribed(self, event: SdkEvent) -> None:
        stream, position = event.channel or "", event.position or {"epoch": "", "offset": 0}
        self._retried.discard(stream)
        if not event.recovered:
            self._positions[stream] = dict(position)
            self._copies.setdefault(stream, Copy())
        self._note(
            "subscribed",
            stream,
            offset=position["offset"],
            epoch=position["epoch"],
            was_recovering=event.was_recovering,
            recovered=event.recovered,
        )
        self._positions.setdefault(stream, {"epoch": position["epoch"], "offset": 0})["epoch"] = position["epoch"]

    def _apply(self, event: SdkEvent) -> None:
        stream, body = event.channel or "", event.data
        self._copies.setdefault(stream, Copy()).apply(body)
        position = self._positions.setdefault(stream, {"epoch": "", "offset": 0})
        position["offset"] = event.offset
        self._note(
            "event",
            stream,
            offset=event.offset,
            epoch=position["epoch"],
            id=body["id"],
            type=body["type"],
            object=str(body["data"].get("id", "")),
            written_at=seconds(body["at"]),
            digest=digest(body),
        )

    def _note(self, kind: str, stream: str = "", **fields: Any) -> None:
        self.history.seen.append(Seen(self.name, self.account.id, now(), kind, stream, life=self._life, **fields))

    # -- at the end ----------------------------------------------------------------------------------------------------

    def offset(self, stream: str) -> int | None:
        """Returns the offset of the last event; None where it is not subscribed."""
        with self._lock:
            position = self._positions.get(stream)
            return position["offset"] if position and self._has(stream) else None

    def copies(self) -> dict[str, Json]:
        with self._lock:
            return {name: copy.canonical() for name, copy in self._copies.items() if self._has(name)}

    def _has(self, stream: str) -> bool:
        return stream not in self._lost and stream not in self._retried


def seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _recording(base: type[Agent], receive: Any, life: int) -> Agent:
    """Makes an agent that hands each event to `receive(event, life)` instead of keeping it."""

    class Recording(base):
        def _record(self, event: SdkEvent) -> None:
            receive(event, life)

    return Recording()
