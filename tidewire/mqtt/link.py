"""One connection to the broker: aiomqtt's client, with what it does not show of paho's."""

from __future__ import annotations

import asyncio
import logging
import ssl
from asyncio import FIRST_COMPLETED
from collections.abc import Callable, Sequence
from typing import Any

import aiomqtt
from paho.mqtt.client import MQTT_ERR_SUCCESS, MQTTMessage, error_string
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.http.body_limit import body_sizes
from tidewire.mqtt.users import bridge_password, client_id

JSON = "application/json"
KEPT_SECONDS = 7 * 86_400
"""For so long the broker keeps what arrives while the bridge is away (MQTT 5; in 3.1.1 the broker decides)."""
INFLIGHT = 20
"""Messages to the broker that are not confirmed; Mosquitto's own default."""
BESIDE_BYTES = 256 * 1024
"""Room for the topic and the properties of a message, above the largest body that a view takes."""
WAITING_MESSAGES, WAITING_BYTES = 1_000, 16 * 1024 * 1024
"""When so much waits to be acknowledged, what comes with QoS 0 is dropped. It has no acknowledgement, so a broker does
not wait with it, and its sender has allowed that it is lost."""

logger = logging.getLogger(__name__)

MqttError = aiomqtt.MqttError
Message = aiomqtt.Message
Publishing = tuple[str, str | bytes, bool, Properties | None]
"""(topic, payload, whether it is retained, properties)."""


class Delivery:
    """A message from the broker. `is_again` is true of one that the broker has delivered before."""

    __slots__ = ("is_again", "is_retained", "packet", "payload", "properties", "qos", "topic")

    def __init__(self, message: MQTTMessage) -> None:
        self.topic, self.payload, self.qos = _topic(message), bytes(message.payload), message.qos
        self.packet, self.is_again, self.is_retained = message.mid, message.dup, message.retain
        self.properties: Any = getattr(message, "properties", None)

    def property(self, name: str) -> Any:
        """Returns a property of MQTT 5, or None."""
        return getattr(self.properties, name, None)

    def user_property(self, name: str) -> str | None:
        return next((value for key, value in self.property("UserProperty") or () if key == name), None)


def _topic(message: MQTTMessage) -> str:
    """Returns the topic, or "", which no declaration knows, where it is not UTF-8: not every broker looks."""
    try:
        return message.topic
    except UnicodeDecodeError:
        return ""


class Link(aiomqtt.Client):
    """Acknowledges only what it is asked to: `acknowledge`. Belongs to one event loop and one `async with`."""

    def __init__(self, part: str, window: int = 0) -> None:
        self.is_v5 = str(conf.MQTT_PROTOCOL) == "5"
        self.has_session = False
        """Whether the broker still knew this client, with what had arrived for it."""
        self.deliveries: asyncio.Queue[Delivery] = asyncio.Queue()
        self.waiting_messages = self.waiting_bytes = 0
        options: dict[str, Any] = {"clean_session": False}
        if self.is_v5:
            properties: Any = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = KEPT_SECONDS
            properties.MaximumPacketSize = body_sizes().most + BESIDE_BYTES
            if window:
                properties.ReceiveMaximum = window
            options = {"clean_start": False, "properties": properties}
        super().__init__(
            conf.MQTT_HOST,
            int(conf.MQTT_PORT),
            username=conf.MQTT_USER,
            password=bridge_password(),
            identifier=client_id(part),
            protocol=aiomqtt.ProtocolVersion.V5 if self.is_v5 else aiomqtt.ProtocolVersion.V311,
            tls_context=ssl.create_default_context() if conf.MQTT_TLS else None,
            max_inflight_messages=INFLIGHT,
            keepalive=15,
            **options,
        )
        self.pending_calls_threshold = 10_000
        self._client.manual_ack_set(True)
        self._confirming: dict[int, asyncio.Future[str]] = {}

    def _on_connect(self, client: Any, userdata: Any, flags: Any, reason_code: Any, properties: Any = None) -> None:
        self.has_session = bool(flags.session_present)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any) -> None:
        refusal = str(reason_code) if reason_code.is_failure else ""
        confirmed = self._confirming.pop(mid, None)
        if confirmed is not None and not confirmed.done():
            confirmed.set_result(refusal)
        super()._on_publish(client, userdata, mid, reason_code, properties)

    def _on_message(self, client: Any, userdata: Any, message: MQTTMessage) -> None:
        delivery = Delivery(message)
        size = self.waiting_bytes + len(delivery.payload)
        if not delivery.qos and (self.waiting_messages >= WAITING_MESSAGES or size > WAITING_BYTES):
            metrics.mqtt_received.labels("dropped").inc()
            return
        self.waiting_messages, self.waiting_bytes = self.waiting_messages + 1, size
        self.deliveries.put_nowait(delivery)

    # aiomqtt hands numbers of sockets to the loop, which looks at them a moment later: of a connection that has broken
    # meanwhile the number is no socket's any more, or that of another one. So the loop gets the socket, if it is open.

    def _on_socket_open(self, client: Any, userdata: Any, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._begin_reading, client, sock)

    def _on_socket_register_write(self, client: Any, userdata: Any, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._begin_writing, client, sock)

    def _begin_reading(self, client: Any, sock: Any) -> None:
        if sock.fileno() > -1:
            self._loop.add_reader(sock, self._do, client, client.loop_read)
            self._misc_task = self._loop.create_task(self._misc_loop())

    def _begin_writing(self, client: Any, sock: Any) -> None:
        if sock.fileno() > -1:
            self._loop.add_writer(sock, self._do, client, client.loop_write)

    def _do(self, client: Any, step: Callable[[], Any]) -> None:
        """Lets paho read or write once; with TLS until it has read what is decrypted already. An error ends the
        connection."""
        try:
            step()
            while step == client.loop_read and getattr(client.socket(), "pending", int)() > 0:
                step()
        except Exception as error:
            if not self._disconnected.done():
                self._disconnected.set_exception(error)

    async def receive(self) -> Delivery:
        """Returns the next message. Raises MqttError when the connection is lost."""
        getting = asyncio.ensure_future(self.deliveries.get())
        try:
            await asyncio.wait((getting, self._disconnected), return_when=FIRST_COMPLETED)
            if getting.done():
                return getting.result()
            raise MqttError("the connection to the broker is lost")
        finally:
            getting.cancel()

    def acknowledge(self, delivery: Delivery) -> None:
        """Tells the broker that it need not deliver this message again. Each delivery is acknowledged once."""
        self.waiting_messages -= 1
        self.waiting_bytes -= len(delivery.payload)
        if delivery.qos:
            self._client.ack(delivery.packet, delivery.qos)

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
