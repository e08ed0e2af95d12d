"""Makes rows for tests. A test names the fields that matter to it; the others are invented."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password

from api.models import Dashboard, DashboardMember, Member, Message, Metric, Room, User

PASSWORD = "correct horse battery staple"
_number = count(1)
_hashed: dict[tuple[str, ...], str] = {}


def make_user(name: str = "", **fields: Any) -> User:
    """Makes a user whose password is PASSWORD, hashed once for all users."""
    hashers = tuple(settings.PASSWORD_HASHERS)  # some tests choose quicker ones
    if hashers not in _hashed:
        _hashed[hashers] = make_password(PASSWORD)
    name = name or f"User {next(_number)}"
    email = f"{name.lower().replace(' ', '.')}.{next(_number)}@example.com"
    return User.objects.create(**{"name": name, "email": email, "password": _hashed[hashers], **fields})


def make_room(owner: User | None = None, *members: User, **fields: Any) -> Room:
    room = Room.objects.create(**{"name": f"Room {next(_number)}", "kind": Room.Kind.PRIVATE, **fields})
    if owner:
        add_member(room, owner, Member.Role.OWNER)
    for user in members:
        add_member(room, user)
    return room


def add_member(room: Room, user: User, role: str = Member.Role.MEMBER) -> Member:
    return Member.objects.create(room=room, user=user, role=role)


def make_message(room: Room, author: User | None, text: str = "", **fields: Any) -> Message:
    return Message.objects.create(room=room, author=author, text=text or f"Message {next(_number)}", **fields)


def make_dashboard(owner: User | None = None, *members: User, **fields: Any) -> Dashboard:
    dashboard = Dashboard.objects.create(**{"name": f"Dashboard {next(_number)}", **fields})
    people = {owner: Member.Role.OWNER} if owner else {}
    for user, role in (people | dict.fromkeys(members, Member.Role.MEMBER)).items():
        DashboardMember.objects.create(dashboard=dashboard, user=user, role=role)
    return dashboard


def make_metric(dashboard: Dashboard, **fields: Any) -> Metric:
    key = f"metric_{next(_number)}"
    return Metric.objects.create(**{"dashboard": dashboard, "key": key, "name": key, **fields})
