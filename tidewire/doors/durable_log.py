"""The read side of the Durable Streams protocol at a stream's own URL (PROTOCOL.md of durable-streams/durable-streams).

A response is a JSON array of the stream's events. `Stream-Next-Offset` is where the next request goes on, and
`Stream-Up-To-Date` says that there is nothing more now. Writes are REST: every other method is refused.
"""

from __future__ import annotations

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

from tidewire.doors import log_answers, log_events, log_reading, long_poll
from tidewire.doors.log_offsets import NOW
from tidewire.doors.log_request import LogRequest, parameters
from tidewire.doors.requests import DoorRequest, identify
from tidewire.engine import engines
from tidewire.ground import streams


async def durable_log(scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable, name: str) -> None:
    """Answers GET and HEAD of `streams/{name}/log/`. Raises RefusalError."""
    engine, request = engines.current(), DoorRequest(scope)
    wanted = parameters(request)
    identity = await identify(engine, request, request.credential)
    asked = LogRequest(engine, identity, request, streams.canonical(name), wanted.place, wanted.last_interval)
    if scope["method"] == "HEAD":
        await log_answers.head(await asked.head()).send(send, without_body=True)
    elif wanted.live == "sse":
        await log_events.serve(asked, receive, send)
    elif wanted.live == "long-poll":
        await long_poll.serve(asked, receive, send)
    elif wanted.place.after == NOW:
        await log_answers.tail(await asked.head()).send(send)
    else:
        page, after = await log_reading.read(asked)
        await log_answers.of_page(page, after, request.header(b"if-none-match")).send(send)
