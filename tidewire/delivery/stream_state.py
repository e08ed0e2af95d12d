"""One stream that has subscriptions in this process: how far it was dispatched, and to whom."""

from __future__ import annotations

from dataclasses import dataclass, field

from tidewire.delivery.subscription import Subscription
from tidewire.ground.positions import Bulk
from tidewire.protocol.codec import EventCodec

Group = tuple[EventCodec, str]
"""An encoding, and the channel that frames name."""

UNKNOWN = -1
"""Stands for an offset that was not read yet. Lower than every offset."""


@dataclass(slots=True, eq=False)
class StreamState:
    """The subscriptions are grouped by encoding and by the name that clients use for the stream, because each event is
    encoded once for each group."""

    name: str
    epoch: str = ""
    offset: int = UNKNOWN  # of the last event that was dispatched
    moved_at: float = 0.0  # when `offset` changed, by the loop's clock
    head: int = 0  # the highest offset that was announced
    checked: int = 0  # up to this offset, what was announced was searched for too large transactions
    bulk: Bulk | None = None  # the last transaction that was too large, as far as is known
    clear_after: int = 0  # from this offset to `offset`, all too large transactions are known
    subscriptions: dict[Group, dict[Subscription, None]] = field(default_factory=dict)
    is_healing: bool = False

    @property
    def is_known(self) -> bool:
        """Whether the stream's position was read from the log."""
        return self.offset != UNKNOWN

    @property
    def is_behind(self) -> bool:
        return UNKNOWN < self.offset < self.head

    @property
    def kind(self) -> str:
        return self.name.partition(":")[0]

    @property
    def is_crowded(self) -> bool:
        """Whether more than a tenth of the subscribers have no room for another page."""
        subscriptions = self.all_subscriptions()
        return 10 * sum(not s.send_queue.has_room for s in subscriptions) > len(subscriptions)

    def all_subscriptions(self) -> list[Subscription]:
        return [subscription for group in self.subscriptions.values() for subscription in group]

    def add(self, subscription: Subscription) -> None:
        self.subscriptions.setdefault((subscription.codec, subscription.channel), {})[subscription] = None

    def discard(self, subscription: Subscription) -> None:
        key = (subscription.codec, subscription.channel)
        group = self.subscriptions.get(key, {})
        group.pop(subscription, None)
        if not group:
            self.subscriptions.pop(key, None)
