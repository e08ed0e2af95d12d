"""One socket of a load test: connects with a token, subscribes to a stream, and hands on each publication.

It speaks just enough of RFC 6455 for a server that sends whole messages: the libraries at hand are servers, or are
bound to another event loop.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

PATH = "/connection/websocket"
READY_SECONDS = 30.0
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10

OnEvent = Callable[[dict[str, Any]], None]


class LoadClient:
    """An open socket. `subscribed` is set when the subscription is confirmed, or has an exception."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_event: OnEvent) -> None:
        self._reader, self._writer, self._on_event = reader, writer, on_event
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reading: asyncio.Task[None] | None = None

    def start(self, token: str, stream: str) -> None:
        """Sends connect and subscribe, and reads from now on."""
        connect = {"id": 1, "connect": {"token": token, "name": "loadtest"}}
        subscribe = {"id": 2, "subscribe": {"channel": stream}}
        self._send(TEXT, f"{json.dumps(connect)}\n{json.dumps(subscribe)}".encode())
        self._reading = asyncio.get_running_loop().create_task(self._read())

    def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        self._writer.close()

    def _send(self, opcode: int, payload: bytes) -> None:
        """Sends a message of a client: masked, as the protocol asks, by a key of zeros, which changes nothing."""
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
        self._writer.write(bytes([0x80 | opcode]) + length + bytes(4) + payload)

    async def _read(self) -> None:
        try:
            while True:
                opcode, payload = await self._next_message()
                if opcode == PING:
                    self._send(PONG, payload)
                elif opcode == CLOSE:
                    code = int.from_bytes(payload[:2], "big")
                    raise ConnectionError(f"closed with {code} {payload[2:].decode(errors='replace')}".rstrip())
                else:
                    self._take(payload)
        except (OSError, asyncio.IncompleteReadError) as error:
            self._fail(str(error))

    async def _next_message(self) -> tuple[int, bytes]:
        head = await self._reader.readexactly(2)
        size = head[1] & 0x7F
        if size > 125:
            size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
        return head[0] & 0x0F, await self._reader.readexactly(size)

    def _take(self, payload: bytes) -> None:
        for line in payload.splitlines():
            frame = json.loads(line)
            if not frame:
                self._send(TEXT, b"{}")
            elif "error" in frame:
                self._fail(f"refused: {frame['error']}")
            elif frame.get("id") == 2 and not self.subscribed.done():
                self.subscribed.set_result(None)
            elif "pub" in frame.get("push", {}):
                self._on_event(frame["push"]["pub"]["data"])

    def _fail(self, why: str) -> None:
        if not self.subscribed.done():
            self.subscribed.set_exception(ConnectionError(why))


async def connect(url: str, token: str, stream: str, on_event: OnEvent, cafile: str | None = None) -> LoadClient:
    """Returns a socket that is subscribed. Raises OSError, and TimeoutError after READY_SECONDS."""
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    context = ssl.create_default_context(cafile=cafile) if is_tls else None
    port = parts.port or (443 if is_tls else 80)
    async with asyncio.timeout(READY_SECONDS):
        reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
        client = LoadClient(reader, writer, on_event)
        try:
            await _shake_hands(reader, writer, parts.netloc)
            client.start(token, stream)
            await client.subscribed
        except BaseException:
            client.close()
            raise
    return client


async def _shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
    """Raises ConnectionError unless the server changes to the WebSocket protocol."""
    lines = [f"GET {PATH} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket"]
    lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: bG9hZHRlc3QgbG9hZHRlcw=="]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as cut:
        head = cut.partial
    status = head.split(b" ", 2)[1:2]
    if status != [b"101"]:
        raise ConnectionError(f"the handshake was answered {status[0].decode() if status else 'not at all'}")
