"""A device at a broker: paho through aiomqtt, as programs of others use it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiomqtt

from api.models import Key
from tests.mqtt.brokers import EMBEDDED, KIND
from tidewire.ground.conf import conf


class Device(aiomqtt.Client):
    """A client that signs in with an API key. Topics are given below the prefix."""

    def __init__(self, key: Key, **options: Any) -> None:
        if KIND != EMBEDDED:
            options.setdefault("protocol", aiomqtt.ProtocolVersion.V5)
        super().__init__(
            "127.0.0.1", int(conf.MQTT_PORT), username=str(key.pk), password=key.text, timeout=20, **options
        )

    async def say(self, topic: str, payload: Any, **options: Any) -> None:
        """Publishes with QoS 1. Returns when the broker has confirmed it."""
        content = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        await self.publish(f"{conf.MQTT_PREFIX}/{topic}", content, 1, **options)

    async def listen(self, topic: str) -> None:
        await self.subscribe(f"{conf.MQTT_PREFIX}/{topic}", 1)

    async def hear(self, seconds: float = 20.0) -> tuple[str, Any, aiomqtt.Message]:
        """Returns the next message: its topic below the prefix, and its JSON; None for an empty payload."""
        async with asyncio.timeout(seconds):
            message = await anext(self.messages)
        payload = json.loads(message.payload) if message.payload else None
        return str(message.topic).partition("/")[2], payload, message
