"""The tables of the bridge: how far it has published each stream, and which deliveries of the broker it has done."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from tidewire.ground.ids import uuid7
from tidewire.log.tables import Stream


class MqttPosition(models.Model):
    """The broker has confirmed all events of the stream up to `offset` of `epoch`, the last of them at `at`. Those up
    to `safe_offset` it has saved: its crash loses none of them."""

    stream = models.OneToOneField(Stream, on_delete=models.CASCADE, primary_key=True, related_name="+")
    stream_id: int
    epoch = models.CharField(max_length=32)
    offset = models.PositiveBigIntegerField()
    safe_offset = models.PositiveBigIntegerField(db_default=0)
    at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.stream_id} @ {self.offset}"


class MqttReceipt(models.Model):
    """The last delivery with this packet id that the bridge began to store. When the broker delivers it again, the same
    `key` finds what was stored. There are at most 65,535, one for each packet id."""

    packet = models.PositiveIntegerField(primary_key=True)
    digest = models.CharField(max_length=64)
    key = models.UUIDField(default=uuid7)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"packet {self.packet}"
