from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.tidewire.connection.site import Site
from tests.tidewire.in_memory import settled
from tidewire.declare.kinds import StreamKind
from tidewire.declare.registry import registry
from tidewire.engine import engines


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """An engine on a log in memory, as the engine of the running loop."""
    kinds = {name: StreamKind(name, lambda user, keys: set()) for name in ("room", "user")}
    monkeypatch.setattr(registry, "kinds", kinds)
    site = Site()
    monkeypatch.setattr(engines, "current", lambda: site.engine)
    await settled()
    yield site
    await site.stop()
