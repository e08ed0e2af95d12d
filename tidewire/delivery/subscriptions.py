"""All subscriptions of this process, by stream. Every change is one synchronous step in the event loop."""

from __future__ import annotations

from collections.abc import Collection

from tidewire.delivery.stream_state import StreamState
from tidewire.delivery.subscription import Subscription
from tidewire.layer.membership import Membership
from tidewire.protocol.codes import Code

JOIN_SECONDS = 0.1


class Subscriptions:
    """A stream is watched from its first subscription until its last one is gone; `membership` joins and leaves its
    group on the channel layer."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership
        self._states: dict[str, StreamState] = {}

    def add(self, subscription: Subscription) -> StreamState:
        """Registers a subscription, closed as it is. From this step on an event that may end its access suspends it."""
        state = self._states.get(subscription.stream)
        if state is None:
            state = self._states[subscription.stream] = StreamState(subscription.stream)
            self._membership.watch(subscription.stream)
        state.add(subscription)
        return state

    def discard(self, subscription: Subscription) -> None:
        state = self._states.get(subscription.stream)
        if state is None:
            return
        state.discard(subscription)
        if not state.subscriptions:
            del self._states[state.name]
            self._membership.unwatch(state.name)

    def end(self, subscription: Subscription, code: Code) -> None:
        """Ends a subscription from the server's side, and sends the client the code."""
        self.discard(subscription)
        subscription.end(code)

    def state(self, stream: str) -> StreamState | None:
        """Returns the state of a stream, or None when it has no subscription here."""
        return self._states.get(stream)

    def streams(self) -> list[str]:
        return list(self._states)

    def counts(self) -> list[tuple[str, int]]:
        """Returns each stream with the number of its subscriptions."""
        return [(state.name, sum(map(len, state.subscriptions.values()))) for state in self._states.values()]

    async def joined(self, streams: Collection[str]) -> None:
        """Waits until messages of the layer for these streams arrive here, at most for JOIN_SECONDS."""
        await self._membership.joined(streams, JOIN_SECONDS)
