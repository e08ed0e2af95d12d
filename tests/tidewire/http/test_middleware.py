"""The wrapper around the whole application."""

import pytest

from tidewire.asgi import EngineMiddleware


async def test_a_server_that_asks_for_a_lifespan_gets_one():
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message["type"])

    middleware = EngineMiddleware(lambda *arguments: pytest.fail("the application must not see a lifespan"))
    await middleware({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
