"""A broker of MQTT 3.1.1 for development: amqtt. It decides by the two files that the bridge writes, as Mosquitto does.

It runs in an environment of its own (requirements/broker.txt), and keeps nothing on disk: what waits in it is lost when
it is killed. In production use Mosquitto, see docs/mqtt.md.

    .venv-broker/bin/python scripts/mqtt_broker.py --port 1883 --files var/mqtt
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import logging
import os
import signal
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import amqtt.broker
from amqtt.broker import Broker, BrokerProtocolHandler
from amqtt.contexts import Action
from amqtt.errors import AMQTTError
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin

POLL_SECONDS = 0.1
PASSWORDS = Path(__file__).resolve().parents[1] / "tidewire/mqtt/passwords.py"

_spec: Any = importlib.util.spec_from_file_location("passwords", PASSWORDS)
passwords = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(passwords)


@dataclass
class Files:
    """What the two files say. Lines are (access, filter); those of patterns have %u for the user."""

    folder: Path
    users: dict[str, str] = field(default_factory=dict)
    lines: dict[str, list[tuple[str, list[str]]]] = field(default_factory=dict)
    patterns: list[tuple[str, str]] = field(default_factory=list)
    stamp: tuple[int, ...] = ()

    def read(self) -> bool:
        """Reads the files if they have changed. Returns whether they had."""
        paths = [self.folder / "passwords", self.folder / "acl"]
        try:
            stamp = tuple(number for path in paths for number in (path.stat().st_mtime_ns, path.stat().st_ino))
            texts = [path.read_text() for path in paths]
        except FileNotFoundError:
            return False
        if stamp == self.stamp:
            return False
        self.stamp = stamp
        self.users = dict(line.split(":", 1) for line in texts[0].splitlines() if ":" in line)
        self.lines, self.patterns, user = defaultdict(list), [], ""
        for line in texts[1].splitlines():
            word, _, rest = line.partition(" ")
            if word == "user":
                user = rest
            elif word in ("topic", "pattern"):
                access, _, topic = rest.partition(" ")
                if word == "topic":
                    self.lines[user].append((access, topic.split("/")))
                else:
                    self.patterns.append((access, topic))
        return True

    def knows(self, user: str | None, password: str | None) -> bool:
        return bool(user and password) and passwords.is_password(password, self.users.get(user or "", ""))

    def allows(self, user: str, topic: str, access: str) -> bool:
        levels = topic.split("/")
        own = [(kind, text.replace("%u", user).split("/")) for kind, text in self.patterns]
        return any(kind in (access, "readwrite") and matches(each, levels) for kind, each in (*self.lines[user], *own))


def matches(filter: list[str], levels: list[str]) -> bool:
    for index, level in enumerate(filter):
        if level == "#":
            return True
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(filter) == len(levels)


files: Files


class SignIn(BaseAuthPlugin):
    """Lets those in whom the password file knows. The files may be younger than the last look at them."""

    async def authenticate(self, *, session: Any) -> bool:
        files.read()
        return files.knows(session.username, session.password)


class Permissions(BaseTopicPlugin):
    """Any subscription is taken; what it receives is decided message by message, as Mosquitto does."""

    async def topic_filtering(self, *, session: Any = None, topic: str | None = None, action: Any = None) -> bool:
        if action == Action.SUBSCRIBE:
            return True
        access = "write" if action == Action.PUBLISH else "read"
        return bool(session and topic) and files.allows(session.username or "", topic or "", access)


class Handler(BrokerProtocolHandler):
    """Keeps the sessions of users apart. amqtt finds a session by the client id alone, and gives it to a client before
    it has looked at its password: a stranger could end or take over the session of another user."""

    @classmethod
    async def init_from_connect(cls, *args: Any, **options: Any) -> Any:
        try:
            handler, session = await super().init_from_connect(*args, **options)
        except OSError as error:  # the client has left while it was refused
            raise AMQTTError(str(error)) from error
        files.read()
        if files.knows(session.username, session.password):
            session.client_id = f"{session.username}/{session.client_id}"
        else:  # it is refused in a moment, and meets no session until then
            session.client_id, session.clean_session = f"refused/{uuid4()}", True
        return handler, session


class Subscriptions(dict[str, Any]):
    """Who has subscribed to what, for loops that wait inside. In amqtt's own such a loop fails when another client
    subscribes, and with it the message that it was to deliver."""

    def __iter__(self) -> Any:
        return iter(list(super().__iter__()))

    def items(self) -> Any:
        return list(super().items())


class DevelopmentBroker(Broker):
    """amqtt, where it does otherwise than the protocol says, or than permissions allow. The lock pins its version."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._subscriptions = Subscriptions()

    async def _publish_session_retained_messages(self, session: Any) -> None:
        """Sends what waited for a client that was away. amqtt marks it as retained, which it is not."""
        handler = self._get_handler(session)
        waiting: list[Any] = []
        while not session.retained_messages.empty():
            waiting.append(await session.retained_messages.get())
        if handler:
            for message in waiting:
                await handler.mqtt_publish(message.topic, message.data, message.qos, retain=False)

    async def _handle_disconnect(self, client_session: Any, handler: Any, disconnect_waiter: Any) -> None:
        """Publishes a will only where its user may publish. amqtt does not ask."""
        topic = client_session.will_topic or ""
        if not files.allows(client_session.username or "", topic, "write"):
            client_session.will_flag = False
        await super()._handle_disconnect(client_session, handler, disconnect_waiter)

    async def _publish_retained_messages_for_subscription(self, subscription: tuple[str, int], session: Any) -> None:
        """Sends what is retained to a client that has subscribed to it and may read it. amqtt asks for neither."""
        filter, qos = subscription
        handler = self._get_handler(session)
        if handler is None or all(each is not session for each, _ in self._subscriptions.get(filter, ())):
            return
        for topic, message in list(self._retained_messages.items()):
            is_match = message.data and matches(filter.split("/"), topic.split("/"))
            if is_match and files.allows(session.username or "", topic, "read"):
                await handler.mqtt_publish(topic, message.data, min(qos, message.qos or qos), retain=True)


async def serve(host: str, port: int, parent: int | None) -> None:
    here = SignIn.__module__
    plugins = {f"{here}.SignIn": {}, f"{here}.Permissions": {}}
    amqtt.broker.BrokerProtocolHandler = Handler
    broker = DevelopmentBroker(
        {"listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}}, "plugins": plugins}
    )
    await broker.start()
    print(f"A broker of MQTT 3.1.1 for development at {host}:{port}.", flush=True)
    stopping, enforced = asyncio.Event(), files.stamp
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    while not stopping.is_set() and (parent is None or os.getppid() == parent):
        files.read()
        if files.stamp != enforced:
            enforced = files.stamp
            await disconnect_unknown(broker)
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await stopping.wait()
        except TimeoutError:
            pass
    await broker.shutdown()


async def disconnect_unknown(broker: Any) -> None:
    """Ends the connections of users whom the files do not know any more."""
    for session, handler in list(broker.sessions.values()):
        if session.transitions.state == "connected" and not files.knows(session.username, session.password):
            await handler.handle_connection_closed()
            await handler.stop()


def main() -> None:
    global files
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--parent", type=int, help="end when this process, which started it, ends")
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    files = Files(options.files)
    files.read()
    asyncio.run(serve(options.host, options.port, options.parent))


if __name__ == "__main__":
    sys.modules["mqtt_broker"] = sys.modules["__main__"]
    SignIn.__module__ = Permissions.__module__ = "mqtt_broker"
    main()
