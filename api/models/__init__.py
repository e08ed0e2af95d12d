"""The tables of the product, and what can be done with their rows."""

from . import lookups  # registers itself
from .counters import MessageCounter
from .dashboards import Dashboard, DashboardMember
from .keys import Key
from .known_networks import KnownNetwork
from .markers import ReadMarker
from .members import Member
from .messages import Mention, Message
from .metrics import Metric
from .names import NamesClock
from .reactions import Reaction
from .rollups import RollUp
from .rooms import Room
from .samples import Sample, Series
from .sessions import Session
from .users import User

__all__ = [
    "Dashboard",
    "DashboardMember",
    "Key",
    "KnownNetwork",
    "Member",
    "Mention",
    "Message",
    "MessageCounter",
    "Metric",
    "NamesClock",
    "Reaction",
    "ReadMarker",
    "RollUp",
    "Room",
    "Sample",
    "Series",
    "Session",
    "User",
    "lookups",
]
