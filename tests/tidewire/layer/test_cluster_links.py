"""The connections of the layer for a Redis Cluster: whatever ends one, its subscriptions get another place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.rig.redis_cluster import RedisCluster
from tests.tidewire.layer.mailboxes import Backend, Mailbox

GROUPS = [f"tw.room.{number}" for number in range(12)]


@pytest.fixture
async def layer(redis_cluster: RedisCluster) -> AsyncIterator[Any]:
    layer = Backend(redis_cluster.url).layer()
    yield layer
    await layer.flush()


def links(layer: Any) -> list[Any]:
    return list(layer._here()._subscriptions._links.values())


async def fail(*args: Any, **options: Any) -> None:
    raise AttributeError("'NoneType' object has no attribute 'writelines'")


async def test_connections_that_fail_in_an_unforeseen_way_are_made_again(
    layer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As redis-py fails where it writes to a connection that it has closed meanwhile: with an AttributeError."""
    mailbox = await Mailbox(layer).open(*GROUPS[:6])
    before = links(layer)
    for link in before:
        monkeypatch.setattr(link._connection, "send_command", fail)
    await Mailbox(layer).open(*GROUPS[6:])
    for number, group in enumerate(GROUPS[:6]):
        await mailbox.until_heard(layer, group)
        await layer.group_send(group, {"type": "said", "number": number})
        assert (await mailbox.next())["number"] == number
    assert not set(links(layer)) & set(before)


async def test_connections_that_the_node_ends_are_made_again(layer: Any, redis_cluster: RedisCluster) -> None:
    mailbox = await Mailbox(layer).open(*GROUPS)
    for node in redis_cluster.nodes:
        node.ask("CLIENT", "KILL", "TYPE", "pubsub")
    for group in GROUPS:
        await mailbox.until_heard(layer, group)
