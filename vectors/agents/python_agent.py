"""Runs centrifuge-python against a script of vectors/client: prints a JSON line for each event that the app gets.

python vectors/agents/python_agent.py ws://127.0.0.1:1234 "$(cat vectors/client/resume-exact.json)" protobuf
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


async def main(url: str, vector: dict[str, Any], encoding: str = "json") -> None:
    tokens = iter(range(1, 100))
    states = {channel: iter(vector["states"]) for channel in vector["subscribe"]}

    async def get_token() -> str:
        return f"t{next(tokens)}"

    async def obey() -> None:
        """What the app does, a word a line: `close` and `background` leave, `foreground` comes back."""
        while order := (await asyncio.to_thread(sys.stdin.readline)).strip():
            await (client.connect() if order == "foreground" else client.disconnect())

    async def get_state(channel: str) -> StreamPosition:
        return StreamPosition(**next(states[channel]))

    client = Client(url, get_token=get_token, use_protobuf=encoding == "protobuf")
    for channel in vector["subscribe"]:
        how = {"get_state": get_state} if vector["states"] else {}
        subscription = client.new_subscription(channel, Events(channel), **how)
        await subscription.subscribe()
    await asyncio.gather(client.connect(), obey())


asyncio.run(main(sys.argv[1], json.loads(sys.argv[2]), *sys.argv[3:]))
