"""The read side of the Durable Streams protocol at a stream's own URL (PROTOCOL.md of durable-streams/durable-streams).

A response is a JSON array of the stream's events. `Stream-Next-Offset` is where the next request goes on, and
`Stream-Up-To-Date` says that there is nothing more now. Writes are REST: every other method is refused.
"""

from __future__ import annotations

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

from tidewire.doors import log_answers, log_events, log_reading, long_poll
from tidewire.doors.log_offsets import NOW, START
from tidewire.doors.log_reading import wanted
from tidewire.doors.refusals import bad_request, not_allowed
from tidewire.doors.requests import DoorRequest, identify, readable
from tidewire.engine import engines
from tidewire.ground import streams

LIVE_MODES = ("long-poll", "sse")


async def durable_log(scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable, name: str) -> None:
    """Answers GET and HEAD of `streams/{name}/log/`. Raises RefusalError."""
    if scope["method"] not in ("GET", "HEAD"):
        raise not_allowed("GET", "HEAD")
    engine, request, stream = engines.current(), DoorRequest(scope), streams.canonical(name)
    offset, live = request.one("offset"), request.one("live")
    if live is not None and live not in LIVE_MODES:
        raise bad_request("live is long-poll or sse.")
    if live is not None and offset is None:
        raise bad_request("The live modes need an offset.")
    identity = await identify(engine, request, request.credential)
    lifetime, after = wanted(offset)
    if scope["method"] == "HEAD":
        answer = log_answers.head(await readable(engine, identity, stream))
        await answer.send(send, without_body=True)
    elif live == "sse":
        await log_events.serve(engine, identity, request, receive, send, stream, lifetime, after)
    elif live == "long-poll":
        await long_poll.serve(engine, identity, request, receive, send, stream, lifetime, after)
    elif after == NOW:
        await log_answers.tail(await readable(engine, identity, stream)).send(send)
    else:
        start = 0 if after == START else int(after)
        page = await log_reading.read(engine, identity, stream, lifetime, start)
        await log_answers.of_page(page, start, request.header(b"if-none-match")).send(send)
