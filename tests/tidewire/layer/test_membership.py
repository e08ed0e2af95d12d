"""The mailbox of a process is in the groups of the streams that it watches."""

import asyncio

from channels.layers import InMemoryChannelLayer

from tests.tidewire.in_memory import settled, until
from tidewire.layer.membership import Membership

ROOM = "room:1"


class PartlyAwayLayer(InMemoryChannelLayer):
    """The host of the first room is away."""

    async def group_add(self, group, channel):
        if group == "tw.room.1":
            raise ConnectionError("this host is away")
        await super().group_add(group, channel)


async def test_a_host_that_is_away_does_not_keep_groups_of_other_hosts_from_being_joined(monkeypatch):
    monkeypatch.setattr("tidewire.layer.membership.RETRY_SECONDS", 0.001)
    layer = PartlyAwayLayer()
    membership = Membership(layer)
    running = asyncio.create_task(membership.run(await layer.new_channel()))
    for name in (ROOM, "room:2", "room:3"):
        membership.watch(name)
    await until(lambda: {"tw.room.2", "tw.room.3"} <= set(layer.groups))
    running.cancel()


class SlowLayer(InMemoryChannelLayer):
    """Joins no group before `answer` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = asyncio.Event()

    async def group_add(self, group, channel):
        await self.answer.wait()
        await super().group_add(group, channel)


async def test_the_membership_task_ends_when_it_is_cancelled():
    """At whatever step the cancellation reaches it."""
    for turns in range(12):
        layer = SlowLayer()
        membership = Membership(layer)
        task = asyncio.create_task(membership.run(await layer.new_channel()))
        membership.watch(ROOM)
        await settled()
        layer.answer.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await settled()
        is_over = task.done()
        task.cancel()
        await asyncio.wait([task])
        assert is_over, turns
