"""The accounts and the room of one run. They are erased after it, like those of a person who leaves."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from api.auth import sessions
from api.models import Member, Room, User

PER_USER = 15
"""Sockets of one account: below MAX_CONNECTIONS_PER_USER."""
DOMAIN = "loadtest.invalid"


@dataclass(frozen=True, slots=True)
class Crowd:
    """`tokens` are access tokens of the accounts, which live for minutes: a run is shorter."""

    users: list[User]
    room: Room
    tokens: list[str]

    @property
    def stream(self) -> str:
        return f"room:{self.room.pk}"


def make(sockets: int) -> Crowd:
    """Makes as many accounts as so many sockets need, and a private room of theirs."""
    run, count = secrets.token_hex(4), -(-sockets // PER_USER)
    users = [
        User.objects.create(email=f"{run}-{number}@{DOMAIN}", name=f"Load test {number}") for number in range(count)
    ]
    room = Room.objects.create(name=f"Load test {run}", kind=Room.Kind.PRIVATE)
    for number, user in enumerate(users):
        role = Member.Role.MEMBER if number else Member.Role.OWNER
        Member.objects.create(room=room, user=user, role=role)
    return Crowd(users, room, [sessions.sign_in_as(user, device="manage.py loadtest")["access"] for user in users])


def erase(crowd: Crowd) -> None:
    """Deletes the room, and closes the accounts."""
    crowd.room.delete()
    for user in crowd.users:
        user.erase()
