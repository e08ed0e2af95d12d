"""The clients whose joins were sent to the subscribers of a stream, for streams whose presence is followed here."""

from __future__ import annotations

from tidewire.layer.messages import PresenceChange
from tidewire.protocol.pushes import ClientInfo, LeavePush


class Roster:
    """{stream: {client: info}}. The hub applies each join and leave that it sends to subscribers; presence compares the
    result with its store, and so finds the joins and leaves that were lost."""

    def __init__(self) -> None:
        self._streams: dict[str, dict[str, ClientInfo]] = {}

    def __contains__(self, stream: str) -> bool:
        return stream in self._streams

    def begin(self, stream: str, present: dict[str, ClientInfo]) -> None:
        self._streams[stream] = present

    def forget(self, stream: str) -> None:
        self._streams.pop(stream, None)

    def clients(self, stream: str) -> dict[str, ClientInfo]:
        """Returns a copy."""
        return dict(self._streams.get(stream, {}))

    def apply(self, stream: str, change: PresenceChange) -> None:
        clients = self._streams.get(stream)
        if clients is None:
            return
        if isinstance(change, LeavePush):
            clients.pop(change.info.client, None)
        else:
            clients[change.info.client] = change.info
