"""Events as server-sent events that `EventSource` dispatches by their type: `id`, `event`, `data`."""

from __future__ import annotations

from tidewire.doors.log_codec import SentEventCodec, event
from tidewire.doors.position_vectors import place
from tidewire.ground.positions import Entry
from tidewire.protocol.pushes import Push, UnsubscribePush


def channel(stream: str, epoch: str) -> str:
    """What the hub calls a channel holds what the frames of a stream depend on."""
    return f"{stream} {epoch}"


class EventSourceCodec(SentEventCodec):
    """`data` is the event as it stands in the log. Its JSON holds no newline, nor does a type."""

    def publication(self, channel: str, entry: Entry) -> bytes:
        """Encodes an event. The first line is the id, for a response that has this stream only."""
        stream, epoch = channel.split(" ")
        id = place(stream, entry.offset, epoch)
        return f"id:{id}\nevent:{entry.type}\ndata:{entry.payload}\n\n".encode()

    def push(self, channel: str, push: Push) -> bytes:
        if isinstance(push, UnsubscribePush):
            stream = channel.partition(" ")[0]
            return event(push.kind, {"channel": stream, "code": push.code, "reason": push.reason})
        return super().push(channel, push)


EVENT_SOURCE = EventSourceCodec()
