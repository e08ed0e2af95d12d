"""Runs centrifuge-python against a script of vectors/client: prints a JSON line for each event that the app gets.

    python vectors/agents/python_agent.py ws://127.0.0.1:1234 "$(cat vectors/client/resume-exact.json)"
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from centrifuge import Client, PublicationContext, StreamPosition, SubscriptionEventHandler


class Events(SubscriptionEventHandler):
    def __init__(self, channel: str) -> None:
        self._channel = channel

    async def on_publication(self, ctx: PublicationContext) -> None:
        sys.stdout.write(json.dumps({"channel": self._channel, "offset": ctx.pub.offset}) + "\n")
        sys.stdout.flush()


async def main(url: str, vector: dict[str, Any]) -> None:
    tokens = iter(range(1, 100))
    states = {channel: iter(vector["states"]) for channel in vector["subscribe"]}

    async def get_token() -> str:
        return f"t{next(tokens)}"

    async def get_state(channel: str) -> StreamPosition:
        return StreamPosition(**next(states[channel]))

    client = Client(url, get_token=get_token)
    for channel in vector["subscribe"]:
        subscription = client.new_subscription(channel, Events(channel), get_state=get_state)
        await subscription.subscribe()
    await client.connect()
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
