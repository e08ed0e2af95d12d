"""What arrives on a connection, cut into frames. A frame that is too long is refused by its head: its rest is never in
memory."""

from __future__ import annotations

from typing import NamedTuple

from h2.errors import ErrorCodes

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD_BYTES = 9

MAX_FRAME_BYTES = 16 * 1024
"""The size that every HTTP/2 client keeps to, unless a server allows more."""

MAX_BLOCK_BYTES = 32 * 1024
"""Of a header block, before it is decoded: HEADERS with all its CONTINUATIONs. More than the headers of a request may
have (stream.py), so that one with too many is answered; what is larger than this ends its connection."""

PSEUDO_HEADERS = 3
"""Of a request: method, scheme and path, one line on HTTP/1.1. The fourth, its authority, is the Host there."""

MAX_CONTINUATIONS = 8
"""Of one header block. The largest one fits into three frames; no client needs many more."""

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_HEADERS = 0x04
GOAWAY_BYTES, PRIORITY_BYTES = 8, 5  # of a GOAWAY at least, of a PRIORITY exactly


class ConnectionFailedError(Exception):
    """The client has broken a rule of the protocol, or of ours: the connection ends with this code and text. `reason`
    goes into the metrics ("": none)."""

    def __init__(self, code: ErrorCodes, text: str, reason: str = "") -> None:
        super().__init__(text)
        self.code, self.text, self.reason = code, text, reason


class Frame(NamedTuple):
    """One whole frame. `raw` are its bytes, with the head."""

    type: int
    flags: int
    stream_id: int
    length: int
    raw: bytes

    @property
    def is_goaway(self) -> bool:
        """Whether it is a GOAWAY as it must be. One of another form is the driver's to refuse, as all that is wrong."""
        return self.type == GOAWAY and not self.stream_id and self.length >= GOAWAY_BYTES

    @property
    def is_priority(self) -> bool:
        """Whether it is a PRIORITY as it must be."""
        return self.type == PRIORITY and bool(self.stream_id) and self.length == PRIORITY_BYTES


class FrameReader:
    """Takes bytes, gives frames. Keeps no more than was added, and of a header block its frames' sizes only."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._has_preface = False
        self._block_bytes = self._block_frames = 0

    @property
    def has_preface(self) -> bool:
        """Whether the client has said that it speaks HTTP/2."""
        return self._has_preface

    @property
    def is_in_block(self) -> bool:
        """Whether a header block has begun and not ended: only its CONTINUATIONs may follow."""
        return self._block_frames > 0

    @property
    def is_waiting(self) -> bool:
        """Whether something has begun that its client owes the rest of: the preface, a header block, or a frame other
        than DATA, which has the time of its request's body."""
        if not self._has_preface or self.is_in_block:
            return True
        return bool(self._buffer) and not (len(self._buffer) > 3 and self._buffer[3] == DATA)

    def add(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> Frame | None:
        """Returns the next frame, or None where the rest of it has not arrived. Raises ConnectionFailedError."""
        if not self._has_preface and not self._read_preface():
            return None
        buffer = self._buffer
        if len(buffer) < HEAD_BYTES:
            return None
        length = int.from_bytes(buffer[:3], "big")
        kind, flags = buffer[3], buffer[4]
        self._check(kind, length)
        if len(buffer) < HEAD_BYTES + length:
            return None
        raw = bytes(buffer[: HEAD_BYTES + length])
        del buffer[: HEAD_BYTES + length]
        self._count(kind, flags, length)
        return Frame(kind, flags, int.from_bytes(raw[5:9], "big") & 0x7FFFFFFF, length, raw)

    def _read_preface(self) -> bool:
        got = bytes(self._buffer[: len(PREFACE)])
        if not PREFACE.startswith(got):
            raise ConnectionFailedError(ErrorCodes.PROTOCOL_ERROR, "this is not HTTP/2")
        self._has_preface = len(got) == len(PREFACE)
        if self._has_preface:
            del self._buffer[: len(PREFACE)]
        return self._has_preface

    def _check(self, kind: int, length: int) -> None:
        if length > MAX_FRAME_BYTES:
            raise ConnectionFailedError(ErrorCodes.FRAME_SIZE_ERROR, f"a frame has at most {MAX_FRAME_BYTES} bytes")
        if kind not in (HEADERS, CONTINUATION):
            return
        if self._block_bytes + length > MAX_BLOCK_BYTES:
            raise ConnectionFailedError(
                ErrorCodes.ENHANCE_YOUR_CALM, f"headers have at most {MAX_BLOCK_BYTES} bytes", "h2_headers"
            )
        if self._block_frames > MAX_CONTINUATIONS:
            raise ConnectionFailedError(ErrorCodes.ENHANCE_YOUR_CALM, "too many CONTINUATION frames", "h2_headers")

    def _count(self, kind: int, flags: int, length: int) -> None:
        """Adds a frame to the header block that it belongs to."""
        if kind == HEADERS or (kind == CONTINUATION and self.is_in_block):
            is_last = bool(flags & END_HEADERS)
            self._block_bytes = 0 if is_last else self._block_bytes + length
            self._block_frames = 0 if is_last else self._block_frames + 1
