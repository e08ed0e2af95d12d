"""One stream that somebody in this process follows: how far it was dispatched, and to whom."""

from __future__ import annotations

from dataclasses import dataclass, field

from tidewire.delivery.subscription import Subscription
from tidewire.protocol.codec import Codec


@dataclass(slots=True, eq=False)
class StreamState:
    """`offset` is the last one dispatched; None until the head was read."""

    name: str
    epoch: str = ""
    offset: int | None = None
    head: int = 0  # the highest offset heard of
    subscriptions: dict[Codec, dict[Subscription, None]] = field(default_factory=dict)
    is_healing: bool = False

    @property
    def is_behind(self) -> bool:
        return self.offset is not None and self.offset < self.head

    @property
    def kind(self) -> str:
        return self.name.partition(":")[0]

    @property
    def is_crowded(self) -> bool:
        """More than a tenth of its readers have no room for another page."""
        readers = self.everyone()
        return 10 * sum(not reader.send_queue.has_room for reader in readers) > len(readers)

    def everyone(self) -> list[Subscription]:
        return [subscription for group in self.subscriptions.values() for subscription in group]

    def add(self, subscription: Subscription) -> None:
        self.subscriptions.setdefault(subscription.codec, {})[subscription] = None

    def discard(self, subscription: Subscription) -> None:
        group = self.subscriptions.get(subscription.codec, {})
        group.pop(subscription, None)
        if not group:
            self.subscriptions.pop(subscription.codec, None)
