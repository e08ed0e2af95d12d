"""The complete answers of Durable Streams: a page of events, or where the stream ends."""

from __future__ import annotations

import hashlib

from tidewire.doors.log_offsets import lifetime_of
from tidewire.doors.refusals import NO_STORE, PRIVATE, Answer, Headers
from tidewire.ground.positions import Page, Position

CONTENT: Headers = [(b"content-type", b"application/json")]
UP_TO_DATE = (b"stream-up-to-date", b"true")


def next_offset(head: Position, number: int) -> tuple[bytes, bytes]:
    """Returns the header that says where the client goes on."""
    return (b"stream-next-offset", lifetime_of(head).offset(number).encode())


def interval_header(interval: int) -> tuple[bytes, bytes]:
    return (b"stream-cursor", str(interval).encode())


def head(position: Position) -> Answer:
    """Returns the answer to HEAD: where the stream ends."""
    return Answer(200, b"", [*CONTENT, *NO_STORE, next_offset(position, position.offset)])


def tail(position: Position) -> Answer:
    """Returns the answer for `offset=now`: no events, and where the stream ends. It is true for a moment only."""
    return Answer(200, b"[]", [*CONTENT, *NO_STORE, next_offset(position, position.offset), UP_TO_DATE])


def of_page(page: Page, after: int, if_none_match: str = "") -> Answer:
    """Returns the answer with the events of a page that was read after an offset, or 304 for a client that has it."""
    last = page.entries[-1].offset if page.entries else max(after, page.head.offset)
    payloads = [entry.payload for entry in page.entries]
    answer = of_events(page.head, payloads, last, is_up_to_date=last >= page.head.offset)
    etag = next(value.decode() for name, value in answer.headers if name == b"etag")
    if if_none_match and _matches(etag, if_none_match):
        return Answer(304, b"", [header for header in answer.headers if header not in CONTENT])
    return answer


def of_events(head: Position, payloads: list[str], last: int, *, is_up_to_date: bool) -> Answer:
    """Returns the answer with these events, the last of which has the offset `last`.

    Its ETag is a digest of the very text. An erasure changes the text of a page without moving its offsets, and no
    client keeps what was erased from it.
    """
    body = b"[" + ",".join(payloads).encode() + b"]"
    name, offset = next_offset(head, last)
    etag = f'"{hashlib.sha256(body + offset + bytes([is_up_to_date])).hexdigest()[:32]}"'
    headers = [*CONTENT, *PRIVATE, (name, offset), (b"etag", etag.encode())]
    return Answer(200, body, [*headers, UP_TO_DATE] if is_up_to_date else headers)


def nothing_new(head: Position, last: int) -> Answer:
    """Returns the answer to a long poll during which no event was written."""
    return Answer(204, b"", [*NO_STORE, next_offset(head, last), UP_TO_DATE])


def _matches(etag: str, if_none_match: str) -> bool:
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in known or "*" in known
