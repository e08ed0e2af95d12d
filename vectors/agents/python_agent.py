"""Runs centrifuge-python against scripts of vectors/client, as many at once as one likes.

Reads a JSON line for each order and prints one for each event that an app gets:

    {"run": 1, "url": "ws://127.0.0.1:1234", "vector": {…}, "encoding": "protobuf"}     an app begins
    {"run": 1, "app": "background"}          it leaves (`background`, `close`) or comes back (`foreground`)
    {"run": 1, "channel": "room:1", "offset": 3}
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from centrifuge import Client, PublicationContext, StreamPosition, SubscriptionEventHandler


class Events(SubscriptionEventHandler):
    def __init__(self, run: int, channel: str) -> None:
        self._said = {"run": run, "channel": channel}

    async def on_publication(self, ctx: PublicationContext) -> None:
        sys.stdout.write(json.dumps({**self._said, "offset": ctx.pub.offset}) + "\n")
        sys.stdout.flush()


async def begin(run: int, url: str, vector: dict[str, Any], encoding: str) -> Client:
    """An app: a client that subscribes to what the script names."""
    tokens = iter(range(1, 100))
    states = {channel: iter(vector["states"]) for channel in vector["subscribe"]}

    async def get_token() -> str:
        return f"t{next(tokens)}"

    async def get_state(channel: str) -> StreamPosition:
        return StreamPosition(**next(states[channel]))

    client = Client(url, get_token=get_token, use_protobuf=encoding == "protobuf")
    for channel in vector["subscribe"]:
        how = {"get_state": get_state} if vector["states"] else {}
        await client.new_subscription(channel, Events(run, channel), **how).subscribe()
    return client


async def main() -> None:
    apps: dict[int, Client] = {}
    under_way: set[asyncio.Task[None]] = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        run, word = order["run"], order.pop("app", "foreground")
        if "url" in order:
            apps[run] = await begin(**order)
        # Not awaited: what one app waits for must not hold back another's orders.
        task = asyncio.create_task(apps[run].connect() if word == "foreground" else apps[run].disconnect())
        under_way.add(task)
        task.add_done_callback(under_way.discard)


asyncio.run(main())
