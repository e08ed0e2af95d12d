"""Which deliveries were done: the broker delivers a message again when the bridge ended before it acknowledged it.

Such a delivery has the same packet id and says that it is a second one. A row for each packet id holds the key under
which the message is stored once (`Idempotency-Key`). Only messages that have no identity of their own need it.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from tidewire.ground.ids import uuid7
from tidewire.log.database import log_alias
from tidewire.mqtt.tables import MqttReceipt


def key_of(packet: int, topic: str, payload: bytes, *, is_again: bool) -> UUID:
    """Returns the key of a delivery. That of a delivery that is made again is the one of the first time."""
    rows = MqttReceipt.objects.using(log_alias())
    digest = hashlib.sha256(topic.encode() + b"\n" + payload).hexdigest()
    if is_again:
        earlier = rows.filter(packet=packet, digest=digest).values_list("key", flat=True).first()
        if earlier is not None:
            return earlier
    row = MqttReceipt(packet=packet, digest=digest, key=uuid7())
    rows.bulk_create([row], update_conflicts=True, unique_fields=["packet"], update_fields=["digest", "key", "at"])
    return row.key
