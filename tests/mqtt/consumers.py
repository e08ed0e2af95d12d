"""A consumer of a project, as docs/mqtt.md shows it."""

from __future__ import annotations

import json
from typing import Any

from channels.consumer import AsyncConsumer
from channels.routing import ProtocolTypeRouter

from tidewire.ground.conf import conf


class Echo(AsyncConsumer):
    channel_layer_alias = None

    async def mqtt_connect(self, event: dict[str, Any]) -> None:
        topic = f"{conf.MQTT_PREFIX}/keys/+/metrics/+/samples"
        await self.send({"type": "mqtt.sub", "mqtt": {"topic": topic, "qos": 1}})

    async def mqtt_msg(self, event: dict[str, Any]) -> None:
        message = event["mqtt"]
        user = message["topic"].split("/")[2]
        answer = {"topic": message["topic"], "qos": message["qos"], "payload": json.loads(message["payload"])}
        place = f"{conf.MQTT_PREFIX}/answers/{user}/consumer"
        await self.send({"type": "mqtt.pub", "mqtt": {"topic": place, "payload": json.dumps(answer), "qos": 1}})

    async def mqtt_disconnect(self, event: dict[str, Any]) -> None:
        """Nothing to tidy up."""


application = ProtocolTypeRouter({"mqtt": Echo.as_asgi()})
