"""Messages for consumers of a project: the scope type "mqtt", in the shapes of the community's draft.

No version of ASGI names MQTT. These are the messages of `mqttasgi`, for which consumers exist:

    scope                   {"type": "mqtt", "asgi": {"version": "3.0"}, "spec_version": "0.1"}
    to the application      mqtt.connect, mqtt.msg, mqtt.disconnect
    from the application    mqtt.sub, mqtt.usub, mqtt.pub

each with its values under "mqtt": topic, payload (bytes), qos, retain. The application runs once for each connection to
the broker. A message is acknowledged when the application asks for the next one: what it was at work on when it ended
is delivered again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from django.utils.module_loading import import_string

from tidewire.ground.conf import conf
from tidewire.mqtt.inlet import Inlet
from tidewire.mqtt.link import Link, MqttError
from tidewire.mqtt.packets import Delivery

AWAY_SECONDS = 0.5
MOST_QOS = 1
"""With QoS 2 a message that was received and not handled when the process ended is lost: its broker sends it once."""

logger = logging.getLogger(__name__)


class Gateway:
    """Runs the application that MQTT_APPLICATION names. Belongs to one event loop."""

    async def run(self) -> None:
        """Works until it is cancelled. When the application ends or fails, it is started anew."""
        while True:
            try:
                async with Inlet("consumers", conf.MQTT_WINDOW) as inlet, Link("consumers-out") as link:
                    await Conversation(inlet, link).run(import_string(conf.MQTT_APPLICATION))
            except (MqttError, OSError) as error:
                logger.warning("the broker of MQTT is away: %s", error)
            except Exception:
                logger.exception("the application for MQTT has failed, and is started anew")
            await asyncio.sleep(AWAY_SECONDS)


class Conversation:
    """The application during one connection. What it publishes goes over `link`."""

    def __init__(self, inlet: Inlet, link: Link) -> None:
        self._inlet, self._link = inlet, link
        self._under_way: Delivery | None = None
        self._has_begun = self._has_ended = False

    async def run(self, application: Any) -> None:
        await application({"type": "mqtt", "asgi": {"version": "3.0"}, "spec_version": "0.1"}, self.receive, self.send)

    async def receive(self) -> dict[str, Any]:
        """Returns the next event, and acknowledges the message of the one before. Raises MqttError after the last."""
        if self._under_way is not None:
            self._inlet.acknowledge(self._under_way)
            self._under_way = None
        if not self._has_begun:
            self._has_begun = True
            return {"type": "mqtt.connect", "mqtt": {}}
        if self._has_ended:
            raise MqttError("the connection to the broker is lost")
        try:
            delivery = self._under_way = await self._inlet.receive()
        except MqttError:
            self._has_ended = True
            return {"type": "mqtt.disconnect", "mqtt": {}}
        values = {"topic": delivery.topic, "payload": delivery.payload, "qos": delivery.qos}
        return {"type": "mqtt.msg", "mqtt": {**values, "retain": delivery.is_retained}}

    async def send(self, message: dict[str, Any]) -> None:
        """Does what the application asks for. Raises ValueError for what it may not ask."""
        values = message.get("mqtt", {})
        if message["type"] == "mqtt.sub":
            await self._inlet.subscribe(values["topic"], min(values.get("qos", 1), MOST_QOS))
        elif message["type"] == "mqtt.usub":
            await self._inlet.unsubscribe(values["topic"])
        elif message["type"] == "mqtt.pub":
            await self._link.publish(
                values["topic"], values["payload"], values.get("qos", 1), values.get("retain", False)
            )
        else:
            raise ValueError(f"no message of MQTT: {message['type']}")
