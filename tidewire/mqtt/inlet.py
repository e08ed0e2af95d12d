"""The connection on which messages arrive: it keeps a bounded number of them, whatever the broker sends."""

from __future__ import annotations

import asyncio
from asyncio import FIRST_COMPLETED
from typing import Any

from paho.mqtt.client import MQTT_ERR_PROTOCOL, MQTT_ERR_SUCCESS
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tidewire.ground import metrics
from tidewire.http.body_limit import body_sizes
from tidewire.mqtt.link import Link, is_v5
from tidewire.mqtt.packets import Delivery, read_publish

KEPT_SECONDS = 7 * 86_400
"""For so long the broker keeps what arrives while the bridge is away (MQTT 5; in 3.1.1 the broker decides)."""
BESIDE_BYTES = 256 * 1024
"""Room for the topic and the properties of a message, above the largest body that a view takes."""
WAITING_MESSAGES, WAITING_BYTES = 1_000, 16 * 1024 * 1024
"""When so much waits to be stored, what comes with QoS 0 is dropped: it has no acknowledgement, so a broker does not
wait with it, and its sender has allowed that it is lost. At as many bytes nothing is read, either."""


class Inlet(Link):
    """Acknowledges only what it is asked to, and has at most `window` messages that are not acknowledged.

    In MQTT 5 it announces that. In 3.1.1 a broker decides how much it sends, so nothing is read at a full window:
    then the broker's own queue grows. What is published must go over another connection: the confirmations would wait
    behind messages that wait for them.
    """

    def __init__(self, part: str, window: int) -> None:
        super().__init__(part, _session(window))
        self.deliveries: asyncio.Queue[Delivery] = asyncio.Queue()
        self.waiting_messages = self.waiting_bytes = self.unacknowledged = 0
        self._most = window - 1 if not self.is_v5 else window
        self._is_paused = False
        self._client.manual_ack_set(True)
        client: Any = self._client
        client._handle_publish = self._take_packet

    # -- messages ----------------------------------------------------------------------------------------------------

    def _take_packet(self) -> MQTTErrorCode:
        """Reads a message in paho's place (packets.py)."""
        packet = self._client._in_packet
        try:
            self._take(read_publish(packet["command"], bytes(packet["packet"]), is_v5=self.is_v5))
        except ValueError:
            return MQTT_ERR_PROTOCOL
        return MQTT_ERR_SUCCESS

    def _take(self, delivery: Delivery) -> None:
        size = self.waiting_bytes + len(delivery.payload)
        if not delivery.qos and (self.waiting_messages >= WAITING_MESSAGES or size > WAITING_BYTES):
            metrics.mqtt_received.labels("dropped").inc()
            return
        self.unacknowledged += bool(delivery.qos)
        self.waiting_messages, self.waiting_bytes = self.waiting_messages + 1, size
        self.deliveries.put_nowait(delivery)

    async def receive(self) -> Delivery:
        """Returns the next message. Raises MqttError when the connection is lost."""
        getting = asyncio.ensure_future(self.deliveries.get())
        try:
            await asyncio.wait((getting, self._disconnected), return_when=FIRST_COMPLETED)
            if getting.done():
                return getting.result()
            raise self._loss()
        finally:
            getting.cancel()

    def acknowledge(self, delivery: Delivery) -> None:
        """Tells the broker that it need not deliver this message again. Each delivery is acknowledged once."""
        self.waiting_messages -= 1
        self.waiting_bytes -= len(delivery.payload)
        if delivery.qos:
            self.unacknowledged -= 1
            self._client.ack(delivery.packet, delivery.qos)
        self._read_on()

    # -- what is read ------------------------------------------------------------------------------------------------

    @property
    def has_room(self) -> bool:
        """Whether it may read more: a message, or the answer to a subscription."""
        is_asking = bool(self._pending_subscribes or self._pending_unsubscribes)
        return is_asking or (self.unacknowledged <= self._most and self.waiting_bytes < WAITING_BYTES)

    async def subscribe(self, *args: Any, **options: Any) -> Any:
        return await self._asking(super().subscribe(*args, **options))

    async def unsubscribe(self, *args: Any, **options: Any) -> None:
        await self._asking(super().unsubscribe(*args, **options))

    async def _asking(self, call: Any) -> Any:
        """Reads until the broker has answered, even above the window."""
        asked = asyncio.ensure_future(call)
        await asyncio.sleep(0)  # it has begun
        self._read_on()
        return await asked

    def _read(self, client: Any) -> None:
        super()._read(client)
        sock = client.socket()
        if not self.has_room and sock is not None and sock.fileno() > -1:
            self._loop.remove_reader(sock)
            self._is_paused = True

    def _read_on(self) -> None:
        if self._is_paused and self.has_room:
            self._is_paused = False
            sock = self._client.socket()
            if sock is not None and sock.fileno() > -1:
                self._loop.add_reader(sock, self._read, self._client)
                self._loop.call_soon(self._read, self._client)  # with TLS, what is decrypted already

    async def _misc_loop(self) -> None:
        """Sends pings, also while nothing is read: then their answers wait behind messages, and are not missed."""
        while self._client.loop_misc() == MQTT_ERR_SUCCESS:
            await asyncio.sleep(1)
            if self._is_paused:
                self._client._ping_t = 0.0


def _session(window: int) -> dict[str, Any]:
    """Returns the options of a connection whose session the broker keeps, with what arrives while it is away."""
    if not is_v5():
        return {"clean_session": False}
    properties: Any = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = KEPT_SECONDS
    properties.MaximumPacketSize = body_sizes().most + BESIDE_BYTES
    properties.ReceiveMaximum = window
    return {"clean_start": False, "properties": properties}
