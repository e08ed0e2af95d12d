"""Channel layers and their mailboxes, as processes have them, for tests of a layer."""

from __future__ import annotations

import asyncio
from typing import Any

from django.utils.module_loading import import_string

from backend.redis_urls import Files
from backend.stores import channel_layer

WAIT_SECONDS = 10.0


class Backend:
    """`layer()` returns the layer of one process more. In memory there is one process only."""

    def __init__(self, url: str, files: Files | None = None, sentinel: tuple[str, str] = ("", "")) -> None:
        self.url, self.layers = url, list[Any]()
        self._settings = channel_layer(url, files, sentinel)

    def layer(self) -> Any:
        if self.url or not self.layers:
            self.layers.append(import_string(self._settings["BACKEND"])(**self._settings.get("CONFIG", {})))
        return self.layers[-1]


class Mailbox:
    """A mailbox of one process. One task receives for ever: channels_redis forgets a mailbox whose receiver ends."""

    def __init__(self, layer: Any) -> None:
        self.layer, self.name = layer, ""
        self._received: asyncio.Queue[Any] = asyncio.Queue()

    async def open(self, *groups: str) -> Mailbox:
        """Joins groups, and returns when what is sent to them arrives: channels_redis waits for no confirmation."""
        self.name = await self.layer.new_channel("test")
        self._task = asyncio.create_task(self._receive())
        for group in groups:
            await self.layer.group_add(group, self.name)
        for group in groups:
            heard = False
            while not heard:
                await self.layer.group_send(group, {"type": "probe", "mailbox": self.name})
                heard = await self.hears_probe()
        return self

    async def until_heard(self, sender: Any, group: str) -> None:
        """Sends to a group that was joined until it arrives."""
        async with asyncio.timeout(WAIT_SECONDS):
            await sender.group_send(group, {"type": "probe", "mailbox": self.name})
            while not await self.hears_probe():
                await sender.group_send(group, {"type": "probe", "mailbox": self.name})

    async def hears_probe(self) -> bool:
        try:
            async with asyncio.timeout(0.1):
                while (await self._received.get()).get("mailbox") != self.name:
                    pass
        except TimeoutError:
            return False
        return True

    async def _receive(self) -> None:
        while True:
            self._received.put_nowait(await self.layer.receive(self.name))

    async def next(self) -> Any:
        """Returns the next message that is no probe."""
        async with asyncio.timeout(WAIT_SECONDS):
            while (message := await self._received.get())["type"] == "probe":
                pass
        return message

    async def until(self, last: Any) -> list[Any]:
        """Returns the messages up to this one."""
        found = [await self.next()]
        while found[-1] != last:
            found.append(await self.next())
        return found
