"""WebSocket frames of finished messages, for servers that take them as they are.

A server may offer `scope["extensions"]["tidewire.frames"] = {"write": write}`: `write(frame: bytes)` puts a whole frame
(header and payload, unmasked, one frame per message) on the connection's way out, at once and in order with what
`send` sends, without waiting and without raising; after the connection's end it does nothing. `manage.py serve` does.
Building the frame here means that it is built once per message, not once per socket.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

EXTENSION = "tidewire.frames"
TEXT, BINARY = 0x81, 0x82  # final, and unmasked: this side is the server

Write = Callable[[bytes], None]


def writer(scope: dict[str, Any]) -> Write | None:
    """The server's `write`, where it offers one."""
    return (scope.get("extensions") or {}).get(EXTENSION, {}).get("write")


class Once:
    """A function of a message. A fan-out hands the same bytes to one socket after the other, so remembering the last
    result is enough to build each once."""

    __slots__ = ("_build", "_message", "_result")

    def __init__(self, build: Callable[[bytes], Any]) -> None:
        self._build = build
        self._message: bytes | None = None
        self._result: Any = None

    def __call__(self, message: bytes) -> Any:
        if message is not self._message:
            self._result = self._build(message)
            self._message = message
        return self._result


def _header(opcode: int, length: int) -> bytes:
    if length < 126:
        return bytes((opcode, length))
    if length < 1 << 16:
        return bytes((opcode, 126)) + length.to_bytes(2, "big")
    return bytes((opcode, 127)) + length.to_bytes(8, "big")


text_frame = Once(lambda payload: _header(TEXT, len(payload)) + payload)
binary_frame = Once(lambda payload: _header(BINARY, len(payload)) + payload)
text = Once(bytes.decode)
