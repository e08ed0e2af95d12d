"""One connection to the broker: aiomqtt's client, with what it does not show of paho's. Messages arrive on an `Inlet`
(inlet.py); all that the bridge publishes goes over a connection of its own."""

from __future__ import annotations

import asyncio
import logging
import ssl
from asyncio import FIRST_COMPLETED
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aiomqtt
from paho.mqtt.client import MQTT_ERR_SUCCESS, error_string
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tidewire.ground.conf import conf
from tidewire.mqtt.users import bridge_password, client_id

JSON = "application/json"
INFLIGHT = 20
"""Messages to the broker that are not confirmed; Mosquitto's own default."""
KEEPALIVE_SECONDS = 15

logger = logging.getLogger(__name__)

MqttError = aiomqtt.MqttError
Message = aiomqtt.Message
Publishing = tuple[str, str | bytes, bool, Properties | None]
"""(topic, payload, whether it is retained, properties)."""


def is_v5() -> bool:
    """Returns whether the bridge speaks MQTT 5."""
    return str(conf.MQTT_PROTOCOL) == "5"


def _retrieve(disconnected: asyncio.Future[None]) -> None:
    """Takes notice of an error that no task waits for: asyncio would log it."""
    if not disconnected.cancelled():
        disconnected.exception()


class Link(aiomqtt.Client):
    """Publishes, and reads nothing but what the broker says to that. Belongs to one event loop and one `async with`."""

    def __init__(self, part: str, session: Mapping[str, Any] | None = None) -> None:
        """`session` are the options of aiomqtt that say what the broker keeps of it; nothing by default."""
        self.is_v5 = is_v5()
        fresh = {"clean_start": True} if self.is_v5 else {"clean_session": True}
        options: Mapping[str, Any] = session or fresh
        super().__init__(
            conf.MQTT_HOST,
            int(conf.MQTT_PORT),
            username=conf.MQTT_USER,
            password=bridge_password(),
            identifier=client_id(part),
            protocol=aiomqtt.ProtocolVersion.V5 if self.is_v5 else aiomqtt.ProtocolVersion.V311,
            tls_context=ssl.create_default_context() if conf.MQTT_TLS else None,
            max_inflight_messages=INFLIGHT,
            keepalive=KEEPALIVE_SECONDS,
            **options,
        )
        self.pending_calls_threshold = 10_000
        self._confirming: dict[int, asyncio.Future[str]] = {}
        self._disconnected.add_done_callback(_retrieve)

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any) -> None:
        refusal = str(reason_code) if reason_code.is_failure else ""
        confirmed = self._confirming.pop(mid, None)
        if confirmed is not None and not confirmed.done():
            confirmed.set_result(refusal)
        super()._on_publish(client, userdata, mid, reason_code, properties)

    # aiomqtt hands numbers of sockets to the loop, which looks at them a moment later: of a connection that has broken
    # meanwhile the number is no socket's any more, or that of another one. So the loop gets the socket, if it is open.

    def _on_socket_open(self, client: Any, userdata: Any, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._begin_reading, client, sock)

    def _on_socket_register_write(self, client: Any, userdata: Any, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._begin_writing, client, sock)

    def _begin_reading(self, client: Any, sock: Any) -> None:
        if sock.fileno() > -1:
            self._loop.add_reader(sock, self._read, client)
            self._misc_task = self._loop.create_task(self._misc_loop())

    def _begin_writing(self, client: Any, sock: Any) -> None:
        if sock.fileno() > -1:
            self._loop.add_writer(sock, self._do, client.loop_write)

    @property
    def has_room(self) -> bool:
        """Whether it may read more."""
        return True

    def _read(self, client: Any) -> None:
        """Lets paho read a packet; with TLS all those that are decrypted already, of which the loop does not know."""

        def read() -> None:
            client.loop_read()
            while self.has_room and getattr(client.socket(), "pending", int)() > 0:
                client.loop_read()

        self._do(read)

    def _do(self, step: Callable[[], Any]) -> None:
        """Lets paho read or write. An error ends the connection."""
        try:
            step()
        except Exception as error:
            if not self._disconnected.done():
                self._disconnected.set_exception(error)

    async def lost(self) -> None:
        """Raises MqttError when the connection is lost."""
        await asyncio.wait((self._disconnected,))
        raise self._loss()

    def _loss(self) -> MqttError:
        """Returns the error that says why the connection is lost, such as that another bridge has taken the session."""
        error = self._disconnected.exception() if self._disconnected.done() else None
        return MqttError(f"the connection is lost: {error or 'the broker has closed it'}")

    async def publish_all(self, messages: Sequence[Publishing]) -> list[str]:
        """Publishes in this order with QoS 1, and waits until the broker has confirmed all. Returns for each message ""
        or why the broker has refused it (MQTT 5; in 3.1.1 it cannot say so). Raises MqttError."""
        refusals: list[str] = []
        for start in range(0, len(messages), INFLIGHT):
            # The calls begin in this order, and each hands its message over before it waits.
            refusals += await asyncio.gather(*(self._publish(*each) for each in messages[start : start + INFLIGHT]))
        for (topic, *_), refusal in zip(messages, refusals, strict=True):
            if refusal:
                logger.error("the broker has refused a message of the bridge on %s: %s", topic, refusal)
        return refusals

    async def _publish(self, topic: str, payload: str | bytes, retain: bool, properties: Properties | None) -> str:
        info = self._client.publish(topic, payload, 1, retain, properties)
        if info.rc != MQTT_ERR_SUCCESS:
            raise MqttError(f"the message was not sent: {error_string(info.rc)}")
        confirmed = self._confirming[info.mid] = self._loop.create_future()
        try:
            await asyncio.wait((confirmed, self._disconnected), timeout=self.timeout, return_when=FIRST_COMPLETED)
        finally:
            self._confirming.pop(info.mid, None)
        if not confirmed.done():
            raise MqttError("the broker has not confirmed a message")
        return confirmed.result()

    def properties(self, *pairs: tuple[str, str], **values: Any) -> Properties | None:
        """Returns the properties of a message: the user's own, and those of the protocol. None in MQTT 3.1.1."""
        if not self.is_v5:
            return None
        properties: Any = Properties(PacketTypes.PUBLISH)
        if pairs:
            properties.UserProperty = list(pairs)
        for name, value in values.items():
            if value is not None:
                setattr(properties, name, value)
        return properties
