"""The users of a broker of MQTT, which `TIDEWIRE["MQTT_USERS"]` names."""

from __future__ import annotations

from api import devices
from api.auth import keys
from tidewire.mqtt.users import MqttUser


def users() -> list[MqttUser]:
    """Returns a user for each API key. Synchronous: runs in a database thread."""
    return [MqttUser(str(key.pk), key.broker_hash, keys.identity_of(key)) for key in devices.alive_keys()]
