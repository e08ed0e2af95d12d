"""WebSocket frames of finished messages, for servers that take them as they are.

A server may offer `scope["extensions"]["tidewire.frames"] = {"write": write, "frame_rate": rate, "end_code": code}`.

`write(frame: bytes)` writes one whole frame (header and payload, unmasked, one frame per message) to the connection, in
order with what `send` sends. It neither waits nor raises, and after the connection's end it does nothing. `rate` is the
FrameRate by which the server reads frames: the connection tells it the account, and which pongs were asked for.
`code()` returns the code with which the server itself has ended the socket, None where it has not.
`manage.py serve` offers all three.

A frame that is built here is built once per message, not once per socket.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, cast

from asgiref.typing import WWWScope

from tidewire.ground.frame_rate import FrameRate

EXTENSION = "tidewire.frames"
TEXT, BINARY = 0x81, 0x82  # final, and unmasked: this side is the server

Write = Callable[[bytes], None]
T = TypeVar("T")


def writer(scope: WWWScope) -> Write | None:
    """Returns the server's `write`, or None when it offers none."""
    return cast("Write | None", _extension(scope).get("write"))


def frame_rate(scope: WWWScope) -> FrameRate | None:
    """Returns the rate by which the server reads frames, or None when it counts none."""
    return cast("FrameRate | None", _extension(scope).get("frame_rate"))


def end_code(scope: WWWScope) -> int | None:
    """Returns the code with which the server itself has ended the socket; None where it has not, or does not say."""
    ended = _extension(scope).get("end_code")
    return cast("Callable[[], int | None]", ended)() if ended is not None else None


def _extension(scope: WWWScope) -> dict[object, object]:
    return (scope.get("extensions") or {}).get(EXTENSION, {})


class Once(Generic[T]):
    """A function of a message that keeps its last result. A fan-out passes the same bytes for one socket after the
    other, so this is enough to build each result once."""

    __slots__ = ("_build", "_message", "_result")

    def __init__(self, build: Callable[[bytes], T]) -> None:
        self._build = build
        self._message: bytes | None = None
        self._result: T | None = None

    def __call__(self, message: bytes) -> T:
        if message is not self._message:
            self._result = self._build(message)
            self._message = message
        return cast("T", self._result)


def _header(opcode: int, length: int) -> bytes:
    if length < 126:
        return bytes((opcode, length))
    if length < 1 << 16:
        return bytes((opcode, 126)) + length.to_bytes(2, "big")
    return bytes((opcode, 127)) + length.to_bytes(8, "big")


text_frame = Once(lambda payload: _header(TEXT, len(payload)) + payload)
binary_frame = Once(lambda payload: _header(BINARY, len(payload)) + payload)
text = Once(bytes.decode)
