"""One attempt: a POST to a URL, bounded in time and in what is read of its answer. Never follows a redirect."""

from __future__ import annotations

import asyncio
import logging
import ssl
from datetime import UTC, datetime
from functools import cache

import certifi
import httpcore

from tidewire.ground.conf import conf
from tidewire.webhooks import messages, retries, urls
from tidewire.webhooks.network import CheckedNetwork
from tidewire.webhooks.outcomes import Message, Outcome
from tidewire.webhooks.resolver import Lookup, RefusedAddressError, Resolver, ResolvingError, look_up

KEPT_BYTES = 1024
"""What is kept of an answer."""
READ_BYTES = 64 * 1024
"""What is read of an answer; the connection of a longer one is closed."""
KEEP_ALIVE_SECONDS = 4.0
"""Below the five seconds after which many servers close an idle connection."""
MAX_CONNECTIONS = 1024
USER_AGENT = "Tidewire-Webhooks/1"

logger = logging.getLogger(__name__)


class Sender:
    """Sends for one event loop, over connections that it keeps open between messages."""

    def __init__(self, lookup: Lookup = look_up) -> None:
        self._resolver = Resolver(lookup)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=CheckedNetwork(self._resolver),
        )

    async def send(self, message: Message) -> Outcome:
        """Makes one attempt. Raises nothing but CancelledError."""
        at, loop = datetime.now(UTC), asyncio.get_running_loop()
        began = loop.time()
        status, answer, error, after = None, "", "", None
        try:
            urls.check(message.url)  # the settings may have become stricter
            async with asyncio.timeout(conf.WEBHOOK_TIMEOUT_SECONDS):
                status, answer, after = await self._post(message, at)
        except TimeoutError:
            error = f"no complete answer in {conf.WEBHOOK_TIMEOUT_SECONDS:g} seconds"
        except (RefusedAddressError, ResolvingError, urls.URLError) as refused:
            error = str(refused)
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        except Exception as failure:  # an attempt always has an outcome: without one its message waits for the lease
            logger.exception("an attempt to send a webhook failed in an unknown way")
            error = type(failure).__name__
        return Outcome(message, at, int((loop.time() - began) * 1000), status, answer, storable(error, 200), after)

    async def _post(self, message: Message, at: datetime) -> tuple[int, str, float | None]:
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            "accept-encoding": "identity",
            **messages.signed_headers(message.id, message.body, message.secrets, at),
        }
        content = message.body.encode()
        headers["content-length"] = str(len(content))
        pairs = [("host", _host(message.url)), *headers.items()]
        async with self._pool.stream("POST", message.url, headers=pairs, content=content) as response:
            kept, size = bytearray(), 0
            async for chunk in response.aiter_stream():
                kept += chunk[: KEPT_BYTES - len(kept)]
                size += len(chunk)
                if size > READ_BYTES:
                    break
            answered = {name.lower(): value for name, value in response.headers}
            after = retries.retry_after(answered.get(b"retry-after", b"").decode("latin-1"), at)
            return response.status, storable(kept.decode(errors="replace"), KEPT_BYTES), after

    async def close(self) -> None:
        await self._pool.aclose()
        self._resolver.close()


def storable(text: str, length: int) -> str:
    """Returns the text without control characters, which PostgreSQL does not store and terminals obey."""
    return "".join(character if character.isprintable() or character in "\n\t" else "�" for character in text[:length])


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].partition("?")[0]


@cache
def _tls() -> ssl.SSLContext:
    """Trusts the authorities of the system, and those of `certifi` where the system has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
