"""Who may do what in a room. Views and subscriptions ask here, and nowhere else.

Everybody signed in reads public rooms; the others exist for their members only, which is why a stranger is told
"not found" there and "not allowed" elsewhere. Writing takes a membership, and some things take a higher role.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum, auto
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from rest_framework.exceptions import NotFound, PermissionDenied

from api.models import Member, Message, Room, User
from realtime.live import registry
from realtime.streams import parse

Role = Member.Role
RANK = {None: 0, Role.MEMBER: 1, Role.ADMIN: 2, Role.OWNER: 3}


class Action(Enum):
    """What somebody may want to do in a room."""

    READ = auto()
    WRITE = auto()
    MODERATE = auto()
    MANAGE_MEMBERS = auto()
    RENAME = auto()
    CHANGE_KIND = auto()
    TRANSFER = auto()
    MANAGE_KEYS = auto()
    DELETE = auto()


LOWEST_ROLE = {
    Action.READ: None,
    Action.WRITE: Role.MEMBER,
    Action.MODERATE: Role.ADMIN,
    Action.MANAGE_MEMBERS: Role.ADMIN,
    Action.RENAME: Role.ADMIN,
    Action.CHANGE_KIND: Role.OWNER,
    Action.TRANSFER: Role.OWNER,
    Action.MANAGE_KEYS: Role.OWNER,
    Action.DELETE: Role.OWNER,
}


def visible_to(user_id: Any) -> QuerySet[Room]:
    """The rooms a user may read. Each row knows their role in it as `my_role`, None for a guest of a public room."""
    mine = Member.objects.filter(room=OuterRef("pk"), user_id=user_id)
    rooms = Room.objects.annotate(my_role=Subquery(mine.values("role")[:1]))
    return rooms.filter(Q(kind=Room.Kind.PUBLIC) | Q(my_role__isnull=False))


def rooms_of(user_id: Any) -> QuerySet[Room]:
    """The rooms a user is a member of, with `my_role`."""
    return Room.objects.filter(members__user=user_id).annotate(my_role=F("members__role"))


def may(action: Action, role: str | None) -> bool:
    return RANK[role] >= RANK[LOWEST_ROLE[action]]


def room_for(user: User, room_id: UUID, action: Action) -> Room:
    """The room, if `user` may do `action` in it. One query. Raises NotFound or PermissionDenied."""
    room = visible_to(user.pk).filter(pk=room_id).first()
    if room is None:
        raise NotFound()
    require(action, room.my_role)
    return room


def require(action: Action, role: str | None) -> None:
    if not may(action, role):
        raise PermissionDenied()


def may_give(mine: str, *roles: str) -> bool:
    """Owners give and take every role; everybody else only roles below their own."""
    return mine == Role.OWNER or all(RANK[role] < RANK[mine] for role in roles)


def may_edit(user: User, message: Message, role: str | None) -> bool:
    """Nobody puts words into another's mouth, and who has left writes no more."""
    return may(Action.WRITE, role) and message.author_id == user.pk


def may_delete(user: User, message: Message, role: str | None) -> bool:
    return may(Action.MODERATE, role) or may_edit(user, message, role)


# Streams: the same rules, for the keys of one subscribe frame at once. Each asks one query.


def readable_room_ids(user_id: str, keys: Collection[str]) -> set[str]:
    ids = _uuids(keys)
    person = _uuids([user_id])
    if not ids or not person:
        return set()
    is_active = Exists(User.objects.filter(pk=person[0], is_active=True))
    return {str(pk) for pk in visible_to(person[0]).filter(is_active, pk__in=ids).values_list("pk", flat=True)}


def room_readers(key: str, user_ids: Collection[str]) -> set[str]:
    """`readable_room_ids` the other way round: who of these users reads the room, in one query."""
    ids = _uuids([key])
    if not ids:
        return set()
    is_member = Q(memberships__room=ids[0])
    is_public = Exists(Room.objects.filter(pk=ids[0], kind=Room.Kind.PUBLIC))
    people = User.objects.filter(is_member | Q(is_public), pk__in=_uuids(user_ids), is_active=True)
    return {str(pk) for pk in people.values_list("pk", flat=True).distinct()}


def own_user_id(user_id: str, keys: Collection[str]) -> set[str]:
    """Everybody has one stream that is about them; nobody else reads it."""
    person = _uuids([user_id] if user_id in keys else [])
    return {user_id} if person and User.objects.filter(pk=person[0], is_active=True).exists() else set()


def may_subscribe(user: User, stream: str) -> bool:
    """The answer a subscription would get, for one stream."""
    kind_name, key = parse(stream) or ("", "")
    kind = registry.kinds.get(kind_name)
    return kind is not None and key in kind.may_subscribe(str(user.pk), [key])


def may_know_position(user: User, stream: str) -> bool:
    """Whether the answer to a write may say how far it moved `stream`. What happens to others is their affair."""
    kind_name, key = parse(stream) or ("", "")
    return kind_name in registry.kinds and (kind_name != "user" or key == str(user.pk))


def _uuids(texts: Iterable[str]) -> list[UUID]:
    """The texts that are UUIDs in canonical form: one stream must not have two names."""
    found = []
    for text in texts:
        try:
            value = UUID(text)
        except (ValueError, AttributeError, TypeError):
            continue
        if str(value) == text:
            found.append(value)
    return found
