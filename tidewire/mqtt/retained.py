"""Asks the broker what it retains. The log does not know: events of objects that were quiet for long are not in it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tidewire.mqtt import names
from tidewire.mqtt.link import Link, MqttError


async def topics(filters: Sequence[str], link: Link) -> list[str]:
    """Returns the topics of these filters that the broker retains. Asks over a connection of its own, and publishes
    over `link` what comes behind the answers. Raises MqttError."""
    found: list[str] = []
    async with Link("retained") as asking:
        await asking.subscribe([(each, 1) for each in (*filters, names.asked())])
        await link.publish_all([(names.asked(), b"", False, None)])
        try:
            async with asyncio.timeout(asking.timeout):
                async for message in asking.messages:
                    if str(message.topic) == names.asked():
                        break
                    found.append(str(message.topic))
        except TimeoutError:
            raise MqttError("the broker has not said what it retains") from None
    return found
