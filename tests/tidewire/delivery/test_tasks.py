"""The tasks of an engine end together."""

import asyncio
import contextlib

from channels.layers import InMemoryChannelLayer

from tests.tidewire.delivery.bench import Bench
from tests.tidewire.in_memory import NEVER, settled


class UncancellableLayer(InMemoryChannelLayer):
    """Swallows a cancellation while it connects, as redis-py does."""

    async def new_channel(self, prefix="specific."):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(NEVER)
        return await super().new_channel(prefix)


async def test_tasks_end_even_if_a_library_swallows_their_cancellation(log):
    bench = Bench(log, layer=UncancellableLayer())
    bench.hub.start()
    await settled()
    await asyncio.wait_for(bench.tasks.stop(), 5)
    assert len(bench.tasks) == 0
