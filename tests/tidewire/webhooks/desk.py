"""A worker of webhooks whose turns a test takes itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from tidewire.webhooks import turns
from tidewire.webhooks.outcomes import Message, Outcome
from tidewire.webhooks.sender import Sender
from tidewire.webhooks.tables import WebhookEndpoint, WebhookPosition
from tidewire.webhooks.turns import Turned, Work


class Desk:
    """A worker that does one step at a time."""

    def __init__(self, name: str = "worker") -> None:
        self.name = name

    def turn(self, *outcomes: Outcome, **work: Any) -> Turned:
        return turns.take(self.name, Work(outcomes=outcomes, **work))

    @staticmethod
    def send(*messages: Message) -> list[Outcome]:
        async def send_all() -> list[Outcome]:
            sender = Sender()
            try:
                return list(await asyncio.gather(*(sender.send(message) for message in messages)))
            finally:
                await sender.close()

        return asyncio.run(send_all())

    def deliver(self, most: int = 100) -> int:
        """Takes turns until nothing is due. Returns how many messages were sent."""
        sent, outcomes = 0, []
        for _ in range(most):
            turned = self.turn(*outcomes)
            if not turned.messages and not turned.has_more:
                return sent
            outcomes = self.send(*turned.messages)
            sent += len(outcomes)
        raise AssertionError(f"still something to send after {most} turns")


def pass_time(seconds: float = 3600.0) -> None:
    """Makes all that waits due, as if so much time had passed."""
    for row in WebhookPosition.objects.all():
        back = timedelta(seconds=seconds)
        row.due_at -= back
        row.leased_until = row.leased_until and row.leased_until - back
        row.failing_since = row.failing_since and row.failing_since - back
        row.save()
    for endpoint in WebhookEndpoint.objects.exclude(failing_since=None):
        since = endpoint.failing_since - timedelta(seconds=seconds)
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=since)
