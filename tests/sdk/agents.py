"""The public SDKs behind one interface, so that a scenario is written once and run with each.

`JsAgent` drives `centrifuge` from npm in a Node process, `PyAgent` runs `centrifuge-python` in the event loop of a
thread. Both exist with JSON and with Protobuf, and are used as published. Every callback of the SDK becomes one
`SdkEvent` in `events`; a test waits for events and never sleeps.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import shutil
import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import centrifuge

AGENT = Path(__file__).with_name("js") / "agent.mjs"
WAIT_SECONDS = 20.0

Position = dict[str, Any]  # {"epoch": …, "offset": …}, as in REST lists


@dataclass(frozen=True)
class SdkEvent:
    """One callback of the SDK. Fields that its kind does not have keep their defaults."""

    kind: str
    channel: str | None = None
    code: int | None = None
    reason: str = ""
    offset: int = 0
    data: Any = None
    tags: dict[str, str] = field(default_factory=dict)
    was_recovering: bool = False
    recovered: bool = False
    position: Position | None = None
    info: dict[str, str] | None = None
    at: float = 0.0


class SdkError(Exception):
    """The server refused a call with this code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class SdkClient(ABC):
    """One connection of a public SDK."""

    name: str

    def __init__(self) -> None:
        self.events: list[SdkEvent] = []
        self._arrived = threading.Condition()

    @abstractmethod
    def connect(self, url: str, *, token: str = "", get_token: Callable[[], str] | None = None) -> None:
        """Begins to connect and returns. `get_token` is called when the SDK needs a fresh token."""

    @abstractmethod
    def subscribe(
        self,
        channel: str,
        *,
        since: Position | None = None,
        get_state: Callable[[], Position] | None = None,
        joins: bool = False,
    ) -> None:
        """Begins to subscribe and returns. Recovers from `since`, or from the position that `get_state` returns. With
        `joins`, joins and leaves become events too."""

    @abstractmethod
    def publish(self, channel: str, data: Any) -> None:
        """Sends an ephemeral message to a subscribed channel. Raises SdkError."""

    @abstractmethod
    def presence(self, channel: str) -> dict[str, dict[str, str]]:
        """Returns {client: {"user", "client"}}. Raises SdkError."""

    @abstractmethod
    def presence_stats(self, channel: str) -> tuple[int, int]:
        """Returns the numbers of clients and of users. Raises SdkError."""

    @abstractmethod
    def history(
        self, channel: str, *, limit: int = 0, since: Position | None = None, reverse: bool = False
    ) -> tuple[Position, list[tuple[int, Any]]]:
        """Returns the position of the channel, and [(offset, event)]. Raises SdkError."""

    @abstractmethod
    def rpc(self, method: str, data: Any) -> Any:
        """Calls a method and returns its answer. Raises SdkError."""

    @abstractmethod
    def unsubscribe(self, channel: str) -> None: ...

    @abstractmethod
    def disconnect(self) -> None: ...

    @abstractmethod
    def reconnect(self) -> None:
        """Connects again after `disconnect`, with the same subscriptions and their positions."""

    @abstractmethod
    def close(self) -> None:
        """Frees what the agent holds. Safe to call twice."""

    # -- what tests call -----------------------------------------------------------------------------------------------

    def wait_for(
        self,
        kind: str,
        channel: str | None = None,
        *,
        where: Callable[[SdkEvent], bool] = lambda event: True,
        after: int = 0,
        timeout: float = WAIT_SECONDS,
    ) -> SdkEvent:
        """Returns the first such event from index `after` on. Waits up to `timeout` seconds for it, then fails."""

        def find() -> SdkEvent | None:
            for event in self.events[after:]:
                if event.kind == kind and channel in (None, event.channel) and where(event):
                    return event
            return None

        return self._wait(find, timeout, f"{kind} on {channel or 'any channel'}")

    def wait_for_all(
        self, kind: str, channels: Collection[str], *, after: int = 0, timeout: float = WAIT_SECONDS
    ) -> dict[str, SdkEvent]:
        """The last such event of each of these channels from index `after` on, once each has one."""

        def find() -> dict[str, SdkEvent] | None:
            found = {event.channel: event for event in self.events[after:] if event.kind == kind}
            return {each: found[each] for each in channels} if found.keys() >= set(channels) else None

        return self._wait(find, timeout, f"{kind} on {len(channels)} channels")

    def wait_for_offset(self, channel: str, offset: int, timeout: float = WAIT_SECONDS) -> list[SdkEvent]:
        """Waits for the publication with this offset or a later one. Returns all publications of the channel."""

        def find() -> list[SdkEvent] | None:
            found = self.publications(channel)
            return found if found and found[-1].offset >= offset else None

        return self._wait(find, timeout, f"offset {offset} on {channel}")

    def wait_for_type(self, channel: str, type: str, timeout: float = WAIT_SECONDS) -> SdkEvent:
        return self.wait_for("publication", channel, where=lambda event: event.data["type"] == type, timeout=timeout)

    def publications(self, channel: str) -> list[SdkEvent]:
        return [event for event in list(self.events) if event.kind == "publication" and event.channel == channel]

    def offsets(self, channel: str) -> list[int]:
        return [event.offset for event in self.publications(channel)]

    def kinds(self) -> list[str]:
        return [event.kind for event in list(self.events)]

    def _wait(self, find: Callable[[], Any], timeout: float, what: str) -> Any:
        deadline = time.monotonic() + timeout
        with self._arrived:
            while (found := find()) is None:
                if not self._arrived.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                    seen = "\n".join(f"  {event}"[:300] for event in self.events[-30:])
                    raise AssertionError(
                        f"{self.name}: no {what} within {timeout:.1f} s; the last events were:\n{seen}"
                    )
        return found

    def _record(self, event: SdkEvent) -> None:
        with self._arrived:
            self.events.append(event)
            self._arrived.notify_all()

    def __enter__(self) -> SdkClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


# -- centrifuge-js -----------------------------------------------------------------------------------------------------


class JsAgent(SdkClient):
    """`centrifuge` from npm, in a Node process of its own."""

    name = "js"
    encoding = "json"
    fallback = ""
    emulation_url = ""
    """Of the server that a fallback posts its messages to; "" for the one that has its connection."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        node = shutil.which("node")
        assert node, "the JavaScript SDK needs Node 20 or newer"
        self._callbacks: dict[tuple[str, str | None], Callable[[], Any]] = {}
        self._process = subprocess.Popen(
            [node, AGENT, self.encoding, self.fallback],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._writing = threading.Lock()
        threading.Thread(target=self._read, name="js-agent", daemon=True).start()

    def connect(self, url: str, *, token: str = "", get_token: Callable[[], str] | None = None) -> None:
        if get_token is not None:
            self._callbacks["token", None] = get_token
        self._send(
            do="connect",
            url=url,
            token=token,
            asks_token=get_token is not None,
            emulation=self.emulation_url,
        )

    def subscribe(
        self,
        channel: str,
        *,
        since: Position | None = None,
        get_state: Callable[[], Position] | None = None,
        joins: bool = False,
    ) -> None:
        if get_state is not None:
            self._callbacks["state", channel] = get_state
        self._send(do="subscribe", channel=channel, since=since, asks_state=get_state is not None, joins=joins)

    def publish(self, channel: str, data: Any) -> None:
        self._call("publish", channel, data=data)

    def presence(self, channel: str) -> dict[str, dict[str, str]]:
        clients = self._call("presence", channel)["clients"]
        return {client: {"user": info["user"], "client": info["client"]} for client, info in clients.items()}

    def presence_stats(self, channel: str) -> tuple[int, int]:
        stats = self._call("presenceStats", channel)
        return stats["numClients"], stats["numUsers"]

    def history(
        self, channel: str, *, limit: int = 0, since: Position | None = None, reverse: bool = False
    ) -> tuple[Position, list[tuple[int, Any]]]:
        options = {"limit": limit, "reverse": reverse} | ({"since": since} if since else {})
        result = self._call("history", channel, **options)
        publications = [(publication["offset"], publication["data"]) for publication in result["publications"]]
        return {"epoch": result["epoch"], "offset": result["offset"]}, publications

    def rpc(self, method: str, data: Any) -> Any:
        return self._call("rpc", method=method, data=data)["data"]

    def _call(self, name: str, channel: str | None = None, **args: Any) -> Any:
        number = len(self._calls) + 1
        answers = self._calls[number] = queue.SimpleQueue()
        self._send(do="call", call=number, name=name, channel=channel, args=args)
        answer = answers.get(timeout=WAIT_SECONDS)
        if "error" in answer:
            raise SdkError(answer["error"]["code"], answer["error"]["message"])
        return answer.get("value")

    def unsubscribe(self, channel: str) -> None:
        self._send(do="unsubscribe", channel=channel)

    def disconnect(self) -> None:
        self._send(do="disconnect")

    def reconnect(self) -> None:
        self._send(do="reconnect")

    def freeze(self) -> None:
        """Stops the process, as a phone that sleeps: the socket stays open and nothing is read."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def _send(self, **command: Any) -> None:
        assert self._process.stdin is not None
        with self._writing:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                message = json.loads(line)
                if "call" in message:
                    self._calls[message["call"]].put(message)
                elif "ask" in message:
                    # In a thread, because a slow answer must not delay the events that arrive meanwhile.
                    threading.Thread(target=self._answer, args=(message,), daemon=True).start()
                else:
                    self._record(_from_js(message))
        except ValueError:  # closed while reading
            return

    def _answer(self, question: dict[str, Any]) -> None:
        callback = self._callbacks[question["what"], question.get("channel")]
        try:
            answer = {"value": callback()}
        except Exception as error:  # the SDK must see every failure, as that of a fetch
            answer = {"error": str(error) or type(error).__name__}
        try:
            self._send(answer=question["ask"], **answer)
        except (BrokenPipeError, ValueError):  # the test is over
            return


def _from_js(message: dict[str, Any]) -> SdkEvent:
    error = message.get("error") or {}
    return SdkEvent(
        kind=message["kind"],
        channel=message.get("channel"),
        code=message.get("code", error.get("code")),
        reason=message.get("reason", error.get("message", "")),
        offset=message.get("offset", 0),
        data=message.get("data"),
        tags=message.get("tags", {}),
        was_recovering=message.get("wasRecovering", False),
        recovered=message.get("recovered", False),
        position=message.get("streamPosition"),
        info={key: message["info"][key] for key in ("user", "client")} if message.get("info") else None,
        at=time.monotonic(),
    )


# -- centrifuge-python -------------------------------------------------------------------------------------------------


class PyAgent(SdkClient):
    """`centrifuge-python`, on a loop in a thread of its own."""

    name = "py"
    is_protobuf = False

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="py-agent", daemon=True)
        self._thread.start()
        self._client: centrifuge.Client | None = None

    def connect(self, url: str, *, token: str = "", get_token: Callable[[], str] | None = None) -> None:
        async def ask() -> str:
            assert get_token is not None
            return await asyncio.to_thread(get_token)

        async def begin() -> None:  # in the loop: the SDK makes futures
            self._client = centrifuge.Client(
                url,
                events=_ClientEvents(self._record),
                use_protobuf=self.is_protobuf,
                token=token,
                get_token=ask if get_token else None,
                max_reconnect_delay=1.0,
                proxy=None,
            )
            await self._client.connect()

        self._run(begin())

    def subscribe(
        self,
        channel: str,
        *,
        since: Position | None = None,
        get_state: Callable[[], Position] | None = None,
        joins: bool = False,
    ) -> None:
        assert self._client is not None
        load = get_state or ((lambda: since) if since else None)

        async def ask(_channel: str) -> centrifuge.StreamPosition:
            position = await asyncio.to_thread(load)
            return centrifuge.StreamPosition(offset=position["offset"], epoch=position["epoch"])

        async def begin() -> None:  # in the loop: the SDK makes futures
            assert self._client is not None
            subscription = self._client.new_subscription(
                channel,
                events=_SubscriptionEvents(channel, self._record),
                get_state=ask if load else None,
                join_leave=joins,
                max_resubscribe_delay=1.0,
            )
            await subscription.subscribe()

        self._run(begin())

    def publish(self, channel: str, data: Any) -> None:
        self._call(self._subscription(channel).publish(self._encode(data)))

    def presence(self, channel: str) -> dict[str, dict[str, str]]:
        clients = self._call(self._subscription(channel).presence()).clients
        return {client: {"user": info.user, "client": info.client} for client, info in clients.items()}

    def presence_stats(self, channel: str) -> tuple[int, int]:
        stats = self._call(self._subscription(channel).presence_stats())
        return stats.num_clients, stats.num_users

    def history(
        self, channel: str, *, limit: int = 0, since: Position | None = None, reverse: bool = False
    ) -> tuple[Position, list[tuple[int, Any]]]:
        position = centrifuge.StreamPosition(offset=since["offset"], epoch=since["epoch"]) if since else None
        result = self._call(self._subscription(channel).history(limit=limit, since=position, reverse=reverse))
        publications = [(pub.offset, _decode(pub.data)) for pub in result.publications]
        return {"epoch": result.epoch, "offset": result.offset}, publications

    def rpc(self, method: str, data: Any) -> Any:
        assert self._client is not None
        return _decode(self._call(self._client.rpc(method, self._encode(data))).data)

    def _call(self, coroutine: Any) -> Any:
        try:
            return self._run(coroutine)
        except centrifuge.ReplyError as error:
            raise SdkError(error.code, str(error)) from error

    def _subscription(self, channel: str) -> centrifuge.Subscription:
        assert self._client is not None
        subscription = self._client.get_subscription(channel)
        assert subscription is not None
        return subscription

    def _encode(self, data: Any) -> Any:
        return json.dumps(data).encode() if self.is_protobuf else data

    def unsubscribe(self, channel: str) -> None:
        assert self._client is not None
        subscription = self._client.get_subscription(channel)
        assert subscription is not None
        self._run(subscription.unsubscribe())
        self._client.remove_subscription(subscription)

    def disconnect(self) -> None:
        assert self._client is not None
        self._run(self._client.disconnect())

    def reconnect(self) -> None:
        assert self._client is not None
        self._run(self._client.connect())

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        if self._client is not None:
            await self._client.disconnect()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(WAIT_SECONDS)


class _ClientEvents(centrifuge.ClientEventHandler):
    def __init__(self, record: Callable[[SdkEvent], None]) -> None:
        self._record = record

    async def on_connecting(self, ctx: centrifuge.ConnectingContext) -> None:
        self._record(SdkEvent("connecting", code=ctx.code, reason=ctx.reason, at=time.monotonic()))

    async def on_connected(self, ctx: centrifuge.ConnectedContext) -> None:
        self._record(SdkEvent("connected", data=ctx.data, at=time.monotonic()))

    async def on_disconnected(self, ctx: centrifuge.DisconnectedContext) -> None:
        self._record(SdkEvent("disconnected", code=ctx.code, reason=ctx.reason, at=time.monotonic()))

    async def on_error(self, ctx: centrifuge.ErrorContext) -> None:
        self._record(SdkEvent("error", code=ctx.code, reason=str(ctx.error), at=time.monotonic()))


class _SubscriptionEvents(centrifuge.SubscriptionEventHandler):
    def __init__(self, channel: str, record: Callable[[SdkEvent], None]) -> None:
        self._channel = channel
        self._record = record

    async def on_subscribing(self, ctx: centrifuge.SubscribingContext) -> None:
        self._record(SdkEvent("subscribing", self._channel, code=ctx.code, reason=ctx.reason, at=time.monotonic()))

    async def on_subscribed(self, ctx: centrifuge.SubscribedContext) -> None:
        position = ctx.stream_position
        event = SdkEvent(
            "subscribed",
            self._channel,
            was_recovering=ctx.was_recovering,
            recovered=ctx.recovered,
            position={"epoch": position.epoch, "offset": position.offset} if position else None,
            at=time.monotonic(),
        )
        self._record(event)

    async def on_unsubscribed(self, ctx: centrifuge.UnsubscribedContext) -> None:
        self._record(SdkEvent("unsubscribed", self._channel, code=ctx.code, reason=ctx.reason, at=time.monotonic()))

    async def on_publication(self, ctx: centrifuge.PublicationContext) -> None:
        pub = ctx.pub
        event = SdkEvent(
            "publication",
            self._channel,
            offset=pub.offset,
            data=_decode(pub.data),
            tags=pub.tags or {},
            info=_info(pub.info),
            at=time.monotonic(),
        )
        self._record(event)

    async def on_join(self, ctx: centrifuge.JoinContext) -> None:
        self._record(SdkEvent("join", self._channel, info=_info(ctx.info), at=time.monotonic()))

    async def on_leave(self, ctx: centrifuge.LeaveContext) -> None:
        self._record(SdkEvent("leave", self._channel, info=_info(ctx.info), at=time.monotonic()))

    async def on_error(self, ctx: centrifuge.SubscriptionErrorContext) -> None:
        error = ctx.error
        code = error.code if isinstance(error, centrifuge.ReplyError) else ctx.code
        self._record(SdkEvent("error", self._channel, code=code, reason=str(error), at=time.monotonic()))


def _info(info: centrifuge.ClientInfo | None) -> dict[str, str] | None:
    return {"user": info.user, "client": info.client} if info else None


def _decode(data: Any) -> Any:
    """Protobuf carries the JSON of the event as bytes."""
    return json.loads(data) if isinstance(data, bytes) else data


# -- both encodings ----------------------------------------------------------------------------------------------------


class JsProtobufAgent(JsAgent):
    """The Protobuf build of `centrifuge`."""

    name = "js-protobuf"
    encoding = "protobuf"


class PyProtobufAgent(PyAgent):
    name = "py-protobuf"
    is_protobuf = True


class JsHttpStreamAgent(JsAgent):
    """`centrifuge` where WebSockets are blocked: it falls back to one response, and a request for each message."""

    name = "js-http-stream"
    fallback = "http_stream"


class JsSseAgent(JsAgent):
    """The same with server-sent events."""

    name = "js-sse"
    fallback = "sse"


class JsProtobufHttpStreamAgent(JsProtobufAgent):
    """The same with Protobuf."""

    name = "js-protobuf-http-stream"
    fallback = "http_stream"


AGENTS: dict[str, type[SdkClient]] = {
    agent.name: agent for agent in (JsAgent, JsProtobufAgent, PyAgent, PyProtobufAgent)
}
FALLBACK_AGENTS: dict[str, type[JsAgent]] = {
    agent.name: agent for agent in (JsHttpStreamAgent, JsSseAgent, JsProtobufHttpStreamAgent)
}
