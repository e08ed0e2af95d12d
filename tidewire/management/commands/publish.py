"""`manage.py publish`: sends an ephemeral message to the subscribers of a stream."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.core.management.base import CommandError, CommandParser

from tidewire.declare.registry import registry
from tidewire.diagnosis.commands import TeachingCommand, stream_name
from tidewire.ground import streams
from tidewire.ground.actors import SYSTEM
from tidewire.layer.messages import Ephemeral, message
from tidewire.protocol.events import EphemeralMessage
from tidewire.protocol.pushes import ClientInfo

SEND_SECONDS = 2.0


class Command(TeachingCommand):
    help = (
        "Sends an ephemeral message, such as typing, to all subscribers of a stream on all processes: this shows that "
        "the channel layer works. It has no offset and is not stored. Only writing data makes events."
    )
    examples = [
        ("room:0197b1f0-1c3a-7000-8000-000000000000 typing", "without data"),
        ("""room:0197b1f0-1c3a-7000-8000-000000000000 typing '{"seconds": 3}'""", "with data"),
    ]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("stream", type=stream_name, help="Such as room:<id>.")
        parser.add_argument("type", help="A type that the kind of stream allows clients to publish.")
        parser.add_argument("data", nargs="?", default="null", help="Its data, in JSON.")

    def handle(self, *args: Any, stream: str, type: str, data: str, **options: Any) -> None:
        kind, layer = registry.kind_of(stream), get_channel_layer()
        if kind is None or type not in kind.ephemeral:
            allowed = ", ".join(sorted(kind.ephemeral)) if kind else ""
            raise CommandError(f"{stream} has no ephemeral message {type!r}. Allowed: {allowed or 'none'}.")
        if layer is None or isinstance(layer, InMemoryChannelLayer):
            raise CommandError(
                "The channel layer is in the memory of the server, where only it can send. Set REDIS_URL."
            )
        try:
            content = json.loads(data)
        except ValueError as error:
            raise CommandError(f"The data is no JSON: {error}") from None
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        text = msgspec.json.encode(EphemeralMessage(type, now, SYSTEM, content)).decode()
        asyncio.run(self._send(layer, Ephemeral(stream, text, ClientInfo("", ""))))
        self.stdout.write("Sent. Nothing says how many clients received it.")

    @staticmethod
    async def _send(layer: Any, content: Ephemeral) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await layer.group_send(streams.group(content.stream), message(content))
        except Exception as error:
            raise CommandError(f"The channel layer does not answer: {error or error.__class__.__name__}") from None
