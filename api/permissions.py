"""Who may do what with a room or a dashboard. Views and subscriptions ask here, and nowhere else.

Every signed-in user reads public rooms and dashboards. The others exist for their members only: another user gets
"not found" there, and "permission denied" where the resource is public. Writing needs a membership, and some actions
need a higher role.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum, auto
from functools import cache
from typing import TypeVar, cast
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from rest_framework.exceptions import NotFound, PermissionDenied

from api.models import Dashboard, DashboardMember, Member, Message, Metric, Room, User
from api.models.memberships import SharedResource
from api.models.rooms import HIDDEN
from tidewire import PreparedQuery, parse_stream, registry

S = TypeVar("S", bound=SharedResource)

Role = Member.Role
RANK = {None: 0, Role.MEMBER: 1, Role.ADMIN: 2, Role.OWNER: 3}


class Action(Enum):
    """What a user may want to do with a room or a dashboard."""

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


# -- by role ---------------------------------------------------------------------------------------------------------


def may(action: Action, role: str | None) -> bool:
    return RANK[role] >= RANK[LOWEST_ROLE[action]]


def require(action: Action, role: str | None) -> None:
    """Raises PermissionDenied unless `role` allows the action."""
    if not may(action, role):
        raise PermissionDenied()


def require_may_give(mine: str | None, *roles: str) -> None:
    """Raises PermissionDenied unless a member with the role `mine` may give and take these roles.

    Owners give and take every role, other members only roles below their own.
    """
    if mine != Role.OWNER and not all(RANK[role] < RANK[mine] for role in roles):
        raise PermissionDenied()


def require_may_edit(user: User, message: Message, role: str | None) -> None:
    """Raises PermissionDenied unless the user wrote the message and is still a member."""
    if not (may(Action.WRITE, role) and message.author_id == user.pk):
        raise PermissionDenied()


def require_may_delete(user: User, message: Message, role: str | None) -> None:
    """Raises PermissionDenied unless the user may edit the message or moderate the room."""
    if not may(Action.MODERATE, role):
        require_may_edit(user, message, role)


# -- by row ----------------------------------------------------------------------------------------------------------


def authorize(model: type[S], user: User, id: UUID, action: Action, *, lock: bool = False) -> S:
    """Returns the room or dashboard with this id, and with the user's role as `my_role`. One query.

    Raises NotFound or PermissionDenied. With `lock` the row is locked first, in a statement of its own, so that what is
    read afterwards is what the previous holder of the lock has left. That is for callers that count or compare members.
    """
    if lock:
        model.objects.select_for_update(no_key=True).filter(pk=id).values_list("pk").first()
    resource = cast("S | None", _readable(model).first(DEFAULT_DB_ALIAS, user.pk, id))
    if resource is None:
        raise NotFound()
    require(action, resource.my_role)
    return resource


@cache
def _readable(model: type[SharedResource]) -> PreparedQuery[SharedResource, [UUID, UUID]]:
    """Returns the query of one resource, if a user may read it: its parameters are the ids of the user and of it."""
    return PreparedQuery(lambda user_id, id: model.objects.readable_by(user_id).filter(pk=id))


def authorize_metric(user: User, metric_id: UUID, action: Action, *, lock: bool = False) -> Metric:
    """Returns the metric, if the user may do `action` with its dashboard. As `authorize`."""
    if lock:
        Metric.objects.select_for_update(no_key=True).filter(pk=metric_id).values_list("pk").first()
    metric = _READABLE_METRIC.first(DEFAULT_DB_ALIAS, user.pk, metric_id)
    if metric is None:
        raise NotFound()
    require(action, metric.my_role)
    return metric


def _readable_metric(user_id: UUID, id: UUID) -> QuerySet[Metric]:
    mine = DashboardMember.objects.filter(dashboard=OuterRef("dashboard"), user_id=user_id)
    metrics = Metric.objects.annotate(my_role=Subquery(mine.values("role")[:1])).filter(pk=id)
    return metrics.filter(Q(dashboard__visibility=Dashboard.Visibility.PUBLIC) | Q(my_role__isnull=False))


_READABLE_METRIC = PreparedQuery(_readable_metric)


_LOCKED_MEMBER = PreparedQuery(
    lambda room_id, user_id: (
        Member.objects.select_related("room")
        .select_for_update(of=("self",), no_key=True)
        .filter(room=room_id, user=user_id)
        .exclude(room__kind=HIDDEN)
    )
)


def authorize_writer(user: User, room_id: UUID, action: Action) -> tuple[Room, Member | None]:
    """Returns the room and the user's membership, which is locked: it cannot end or change before this request ends.

    A removal and a write are therefore ordered: the one that commits last sees the other. The membership is None for a
    guest of a public room. Raises NotFound or PermissionDenied.
    """
    member = cast("Member | None", _LOCKED_MEMBER.first(DEFAULT_DB_ALIAS, room_id, user.pk))
    if member is None:
        return authorize(Room, user, room_id, action), None
    require(action, member.role)
    member.room.my_role = member.role
    return member.room, member


# -- by stream: the same rules, for all keys of a subscribe frame. Each asks one query. ------------------------------


def readable_ids(model: type[SharedResource], user_id: str, keys: Collection[str]) -> set[str]:
    """Returns those of the ids that the user may read. An id that is not a UUID in canonical form is left out."""
    ids, person = _uuids(keys), _uuids([user_id])
    if not ids or not person:
        return set()
    if len(ids) == 1:  # as in most subscribes
        return {str(row.pk) for row in _subscribable(model).all(DEFAULT_DB_ALIAS, person[0], ids[0])}
    is_active = Exists(User.objects.filter(pk=person[0], is_active=True))
    readable = model.objects.readable_by(person[0]).filter(is_active, pk__in=ids)
    return {str(pk) for pk in readable.values_list("pk", flat=True)}


@cache
def _subscribable(model: type[SharedResource]) -> PreparedQuery[SharedResource, [UUID, UUID]]:
    """Returns the query of one resource that an active user may read, by the ids of the user and of the resource."""

    def build(user_id: UUID, id: UUID) -> QuerySet[SharedResource]:
        is_active = Exists(User.objects.filter(pk=user_id, is_active=True))
        return model.objects.readable_by(user_id).filter(is_active, pk=id).only("pk")

    return PreparedQuery(build)


def readers(model: type[SharedResource], key: str, user_ids: Collection[str]) -> set[str]:
    """Returns those of the users who may read one room or dashboard: `readable_ids` for many users."""
    ids = _uuids([key])
    if not ids:
        return set()
    member = model.membership_model()
    is_member = Q(**{f"{member.related_to_user}__{member.resource_field}": ids[0]})
    is_shown = Exists(model.objects.shown().filter(pk=ids[0]))
    is_public = Exists(model.objects.filter(model.is_public_condition, pk=ids[0]))
    people = User.objects.filter(is_shown, is_member | Q(is_public), pk__in=_uuids(user_ids), is_active=True)
    return {str(pk) for pk in people.values_list("pk", flat=True).distinct()}


def own_user_id(user_id: str, keys: Collection[str]) -> set[str]:
    """Returns the user's own id, if it is one of the keys: a user's stream has one reader."""
    person = _uuids([user_id] if user_id in keys else [])
    return {user_id} if person and _ACTIVE.first(DEFAULT_DB_ALIAS, person[0]) else set()


_ACTIVE = PreparedQuery(lambda user_id: User.objects.filter(pk=user_id, is_active=True).only("pk"))


def may_subscribe(user: User, stream: str) -> bool:
    """Returns what a subscription to this stream would be answered."""
    kind_name, key = parse_stream(stream) or ("", "")
    kind = registry.kinds.get(kind_name)
    return kind is not None and key in kind.may_subscribe(str(user.pk), [key])


def may_know_position(user: User, stream: str) -> bool:
    """Returns whether the answer to a write may contain the new position of `stream`: not of other users' streams."""
    kind_name, key = parse_stream(stream) or ("", "")
    return kind_name in registry.kinds and (kind_name != "user" or key == str(user.pk))


def _uuids(texts: Iterable[str]) -> list[UUID]:
    """The texts that are UUIDs in canonical form, because one stream must not have two names."""
    found = []
    for text in texts:
        try:
            value = UUID(text)
        except (ValueError, AttributeError, TypeError):
            continue
        if str(value) == text:
            found.append(value)
    return found
