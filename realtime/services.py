"""What connections share: the delivery side of one process, as they see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from realtime.connections import Connections
from realtime.hub import Hub
from realtime.presence import Presence
from realtime.publisher import Publisher
from realtime.reader import Reader
from realtime.recovery import Recovery
from realtime.sessions import Sessions
from realtime.tokens import Identity, LookUp


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
