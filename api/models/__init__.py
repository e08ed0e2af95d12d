from .members import Member
from .messages import Message
from .rooms import Room
from .users import User

__all__ = ["Member", "Message", "Room", "User"]
