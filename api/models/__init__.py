from .answers import Answer
from .attempts import Attempts
from .counters import MessageCounter
from .keys import Key
from .markers import ReadMarker
from .members import Member
from .messages import Mention, Message
from .reactions import Reaction
from .rooms import Room
from .sessions import Session
from .users import User

__all__ = [
    "Answer",
    "Attempts",
    "Key",
    "Member",
    "Mention",
    "Message",
    "MessageCounter",
    "Reaction",
    "ReadMarker",
    "Room",
    "Session",
    "User",
]
