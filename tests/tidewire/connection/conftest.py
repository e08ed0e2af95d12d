from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.tidewire.connection.site import ProtocolClient, Site
from tests.tidewire.in_memory import settled
from tidewire.declare.kinds import StreamKind
from tidewire.declare.registry import registry


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """Rooms have presence and the ephemeral message typing.started; users have neither."""
    kinds = {
        "room": StreamKind("room", lambda user, keys: set(), frozenset({"typing.started"}), has_presence=True),
        "user": StreamKind("user", lambda user, keys: set()),
    }
    monkeypatch.setattr(registry, "kinds", kinds)
    site = Site()
    await settled()
    yield site
    await site.stop()


@pytest.fixture
async def client(site: Site) -> ProtocolClient:
    """A client that has not sent `connect` yet."""
    return ProtocolClient(site)


@pytest.fixture
async def alice(client: ProtocolClient) -> ProtocolClient:
    return await client.connect()
