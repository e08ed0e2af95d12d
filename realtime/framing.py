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


class Framer:
    """Builds frames of one opcode. A fan-out hands the same bytes to one socket after the other, so remembering the
    last message is enough to build each frame once."""

    __slots__ = ("_frame", "_opcode", "_payload")

    def __init__(self, opcode: int) -> None:
        self._opcode = opcode
        self._payload: bytes | None = None
        self._frame = b""

    def frame(self, payload: bytes) -> bytes:
        if payload is not self._payload:
            self._frame = _header(self._opcode, len(payload)) + payload
            self._payload = payload
        return self._frame


def _header(opcode: int, length: int) -> bytes:
    if length < 126:
        return bytes((opcode, length))
    if length < 1 << 16:
        return bytes((opcode, 126)) + length.to_bytes(2, "big")
    return bytes((opcode, 127)) + length.to_bytes(8, "big")


text_frame = Framer(TEXT).frame
binary_frame = Framer(BINARY).frame
