"""Who may do what in a room, or with a dashboard. Views and subscriptions ask here, and nowhere else.

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

from api.models import Dashboard, DashboardMember, Member, Message, Metric, Room, User
from tidewire import parse_stream, registry

Role = Member.Role
RANK = {None: 0, Role.MEMBER: 1, Role.ADMIN: 2, Role.OWNER: 3}


class Action(Enum):
    """What somebody may want to do in a room, or with a dashboard."""

    READ = auto()
    WRITE = auto()
    MODERATE = auto()
    MANAGE_MEMBERS = auto()
    RENAME = auto()
    MANAGE_METRICS = auto()
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
    Action.MANAGE_METRICS: Role.ADMIN,
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


# Dashboards: everybody signed in reads public ones; members push, admins say what is measured, owners delete.


def visible_dashboards(user_id: Any) -> QuerySet[Dashboard]:
    """The dashboards a user may read, with `my_role`, None for a guest of a public one."""
    mine = DashboardMember.objects.filter(dashboard=OuterRef("pk"), user_id=user_id)
    dashboards = Dashboard.objects.annotate(my_role=Subquery(mine.values("role")[:1]))
    return dashboards.filter(Q(visibility=Dashboard.Visibility.PUBLIC) | Q(my_role__isnull=False))


def dashboards_of(user_id: Any) -> QuerySet[Dashboard]:
    """The dashboards a user is a member of, with `my_role`."""
    return Dashboard.objects.filter(members__user=user_id).annotate(my_role=F("members__role"))


def dashboard_for(user: User, dashboard_id: UUID, action: Action) -> Dashboard:
    """The dashboard, if `user` may do `action` with it. One query. Raises NotFound or PermissionDenied."""
    dashboard = visible_dashboards(user.pk).filter(pk=dashboard_id).first()
    if dashboard is None:
        raise NotFound()
    require(action, dashboard.my_role)
    return dashboard


def metric_for(user: User, metric_id: UUID, action: Action) -> Metric:
    """The metric, if `user` may do `action` with its dashboard. One query, as above."""
    mine = DashboardMember.objects.filter(dashboard=OuterRef("dashboard"), user_id=user.pk)
    metrics = Metric.objects.annotate(my_role=Subquery(mine.values("role")[:1])).filter(pk=metric_id)
    is_public = Q(dashboard__visibility=Dashboard.Visibility.PUBLIC)
    metric = metrics.filter(is_public | Q(my_role__isnull=False)).first()
    if metric is None:
        raise NotFound()
    require(action, metric.my_role)
    return metric


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


def readable_dashboard_ids(user_id: str, keys: Collection[str]) -> set[str]:
    ids, person = _uuids(keys), _uuids([user_id])
    if not ids or not person:
        return set()
    is_active = Exists(User.objects.filter(pk=person[0], is_active=True))
    readable = visible_dashboards(person[0]).filter(is_active, pk__in=ids)
    return {str(pk) for pk in readable.values_list("pk", flat=True)}


def dashboard_readers(key: str, user_ids: Collection[str]) -> set[str]:
    """`readable_dashboard_ids` the other way round."""
    ids = _uuids([key])
    if not ids:
        return set()
    is_member = Q(dashboard_memberships__dashboard=ids[0])
    is_public = Exists(Dashboard.objects.filter(pk=ids[0], visibility=Dashboard.Visibility.PUBLIC))
    people = User.objects.filter(is_member | Q(is_public), pk__in=_uuids(user_ids), is_active=True)
    return {str(pk) for pk in people.values_list("pk", flat=True).distinct()}


def own_user_id(user_id: str, keys: Collection[str]) -> set[str]:
    """Everybody has one stream that is about them; nobody else reads it."""
    person = _uuids([user_id] if user_id in keys else [])
    return {user_id} if person and User.objects.filter(pk=person[0], is_active=True).exists() else set()


def may_subscribe(user: User, stream: str) -> bool:
    """The answer a subscription would get, for one stream."""
    kind_name, key = parse_stream(stream) or ("", "")
    kind = registry.kinds.get(kind_name)
    return kind is not None and key in kind.may_subscribe(str(user.pk), [key])


def may_know_position(user: User, stream: str) -> bool:
    """Whether the answer to a write may say how far it moved `stream`. What happens to others is their affair."""
    kind_name, key = parse_stream(stream) or ("", "")
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
