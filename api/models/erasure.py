"""An account's end: what somebody said and who they were leaves the tables, and the log with them."""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import QuerySet

from api.models.answers import Answer
from api.models.dashboards import Dashboard
from api.models.members import Member
from api.models.messages import Message, soft_delete
from api.models.reactions import Reaction
from api.models.rooms import Room
from api.models.users import User
from tidewire import SYSTEM, acting_as
from tidewire.erasure import forget_actor

# The heir of a room: an admin before a member, the longest there first.
_SENIORITY = {Member.Role.ADMIN: 0, Member.Role.MEMBER: 1}


def erase(user: User) -> None:
    """Deletes the account with its messages, reactions, memberships and sessions, in one transaction.

    A room or a dashboard gets an heir for its only owner, or is deleted when nobody else is in it. The events are the
    system's: who is forgotten does not go on acting. Their id may still stand where others named it: it names nobody
    any more.
    """
    with transaction.atomic(), acting_as(SYSTEM):
        User.objects.select_for_update().filter(pk=user.pk).values_list("pk").first()
        rooms = Room.objects.filter(members__user=user).select_for_update(of=("self",), no_key=True)
        for room in rooms.order_by("pk"):
            _bequeath(room, user)
        dashboards = Dashboard.objects.filter(members__user=user).select_for_update(of=("self",), no_key=True)
        for dashboard in dashboards.order_by("pk"):
            _bequeath(dashboard, user)
        # Who writes holds their membership.
        list(Member.objects.filter(user=user).select_for_update(no_key=True).order_by("pk").values_list("pk"))
        soft_delete(Message.objects.filter(author=user, deleted_at=None))
        Reaction.objects.filter(user=user)._raw_delete(DEFAULT_DB_ALIAS)
        # Django's own queryset: that a deleted message has no author is nothing to tell.
        QuerySet(Message).filter(author=user).update(author=None)
        forget_actor(str(user.pk), DEFAULT_DB_ALIAS)
        Answer.objects.forget([user.pk])
        user.delete()


def _bequeath(place: Room | Dashboard, owner: User) -> None:
    others = list(place.members.exclude(user=owner).exclude(user__is_service=True).select_related("user"))
    if not others:
        place.delete()
    elif not _is_direct(place) and not any(other.role == Member.Role.OWNER for other in others):
        heir = min(others, key=lambda m: (not m.user.is_active, _SENIORITY[m.role], m.joined_at, m.pk))
        heir.take_role(Member.Role.OWNER)


def _is_direct(place: Room | Dashboard) -> bool:
    return isinstance(place, Room) and place.kind == Room.Kind.DIRECT
