"""What connections share: the delivery side of one process, as they see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tidewire.delivery.connections import Connections
from tidewire.delivery.hub import Hub
from tidewire.delivery.presence import Presence
from tidewire.delivery.recovery import Recovery
from tidewire.delivery.sessions import Sessions
from tidewire.engine.reader import Reader
from tidewire.ground.credentials import Identity, LookUp
from tidewire.layer.publisher import Publisher


@dataclass(frozen=True, slots=True)
class Services:
    authenticate: Callable[[str], Identity | LookUp]
    hub: Hub
    presence: Presence
    publisher: Publisher
    reader: Reader
    recovery: Recovery
    sessions: Sessions
    connections: Connections = field(default_factory=Connections)
