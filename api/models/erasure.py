"""The erasure of an account, in slices of at most SLICE rows.

An account is closed and hidden at once: its name, its address and its messages can be read by no one, its sessions and
keys have ended. A small account is then erased in the same transaction; for a larger one a job does it, while other
writers go on in between. Each slice does the first step that still finds something, so an erasure can be resumed
anywhere. Memberships end first: a request that writes a message holds the lock of one, so nothing is added later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from api.models.dashboards import Dashboard, DashboardMember
from api.models.keys import Key
from api.models.members import Member
from api.models.memberships import Membership, SharedResource
from api.models.messages import Mention, Message
from api.models.reactions import Reaction
from api.models.rooms import Room
from api.models.sessions import Session
from tidewire import job
from tidewire.centrifugo.erasure import forget_account as forget_at_nodes
from tidewire.erasure import forget_actor, forget_connections, show_user
from tidewire.models import Event, LiveQuerySet
from tidewire.rest.answers import Answer
from tidewire.webhooks.erasure import forget_account

SLICE = 100
"""Another writer waits for a slice: 0.1 s at 100 messages, five times as long at 500."""
MEMBERSHIPS_AT_ONCE = 20
"""Rooms or dashboards that the account leaves in one slice: each has a stream that is locked."""

ERASE_ACCOUNT = "erase_account"

SHARED: tuple[tuple[type[SharedResource], type[Membership]], ...] = ((Room, Member), (Dashboard, DashboardMember))


def is_small(user_id: Any, using: str) -> bool:
    """Returns whether an account has so little that it can be erased in one transaction. Reads at most SLICE keys of
    each table."""
    left = SLICE
    for rows in _rows_of(user_id, using):
        left -= len(rows.order_by().values_list("pk")[: left + 1])
        if left < 0:
            return False
    return True


def _rows_of(user_id: Any, using: str) -> Iterator[QuerySet[Any]]:
    for model in (Message, Reaction, Mention):
        column = "author" if model is Message else "user"
        yield model._base_manager.using(using).filter(**{column: user_id})
    for _, member in SHARED:
        yield member._base_manager.using(using).filter(user=user_id)
    yield Event.objects.using(using).filter(actor=str(user_id))
    for model in (Reaction, Mention):
        yield model._base_manager.using(using).filter(message__author=user_id)


@job(ERASE_ACCOUNT)
def erase_slice(user_id: str, progress: str, using: str) -> str | None:
    """Does the next slice, and returns the name of its step; None when the account is gone."""
    if not get_user_model()._base_manager.using(using).filter(pk=user_id).exists():
        return None
    for step in STEPS:
        if step(user_id, using):
            return step.__name__
    delete_account(user_id, using)
    return None


# -- the steps: each does at most SLICE rows, and returns how many ---------------------------------------------------


def end_memberships(user_id: str, using: str) -> int:
    """Leaves some rooms and dashboards. One that would be without an owner gets another, or is deleted."""
    ended = 0
    for model, member in SHARED:
        column = member.resource_field
        mine = member._base_manager.using(using).filter(user=user_id)
        keys = list(mine.order_by(f"{column}_id").values_list(column, flat=True)[: MEMBERSHIPS_AT_ONCE - ended])
        shared: Any = model._base_manager.using(using).filter(pk__in=keys)
        for resource in shared.select_for_update(of=("self",), no_key=True).order_by("pk"):
            resource.replace_owner(get_user_model()(pk=user_id))
        mine.filter(**{f"{column}__in": keys}).delete()
        ended += len(keys)
    return ended


def take_back_reactions(user_id: str, using: str) -> int:
    return _delete(Reaction.objects.using(using).filter(user=user_id))


def delete_mentions(user_id: str, using: str) -> int:
    return _delete(Mention.objects.using(using).filter(Q(user=user_id) | Q(message__author=user_id)))


def delete_others_reactions(user_id: str, using: str) -> int:
    """Deletes the reactions to the account's messages. They make no event: the message's own deletion follows."""
    pks = _first(Reaction.objects.using(using).filter(message__author=user_id))
    Reaction.objects.using(using).filter(pk__in=pks).raw_delete_unnoted()
    return len(pks)


def delete_messages(user_id: str, using: str) -> int:
    pks = _first(Message.objects.using(using).filter(author=user_id, deleted_at=None))
    if pks:
        Message.objects.using(using).filter(pk__in=pks).soft_delete()
        _disown(pks, using)
    return len(pks)


def disown_deleted_messages(user_id: str, using: str) -> int:
    return _disown(_first(Message.objects.using(using).filter(author=user_id)), using)


def forget_in_log(user_id: str, using: str) -> int:
    return forget_actor(user_id, using, SLICE)


def forget_answers(user_id: str, using: str) -> int:
    return Answer.objects.using(using).forget_account(user_id, SLICE)


def forget_in_logbook(user_id: str, using: str) -> int:
    return forget_connections(user_id, using, SLICE)


def forget_webhooks(user_id: str, using: str) -> int:
    return forget_account(user_id, using, SLICE)


def forget_at_edge(user_id: str, using: str) -> int:
    return forget_at_nodes(user_id, using, SLICE)


def delete_credentials(user_id: str, using: str) -> int:
    """Deletes the rows of sessions and keys, which have ended."""
    deleted = 0
    for model in (Session, Key):
        deleted += _delete(model.objects.using(using).filter(user=user_id), SLICE - deleted)
    return deleted


STEPS: tuple[Callable[[str, str], int], ...] = (
    end_memberships,
    take_back_reactions,
    delete_mentions,
    delete_others_reactions,
    delete_messages,
    disown_deleted_messages,
    forget_in_log,
    forget_answers,
    forget_in_logbook,
    forget_webhooks,
    forget_at_edge,
    delete_credentials,
)


def delete_account(user_id: str, using: str) -> None:
    """Deletes the row, which nothing large refers to any more."""
    show_user(user_id, using)
    get_user_model()._base_manager.using(using).filter(pk=user_id).delete()


def _disown(pks: list[Any], using: str) -> int:
    # No event: a deleted message shows no author anyway.
    Message.objects.using(using).filter(pk__in=pks).update_unnoted(author=None)
    return len(pks)


def _delete(rows: LiveQuerySet[Any] | QuerySet[Any], most: int | None = None) -> int:
    pks = _first(rows, most)
    if pks:
        rows.model._base_manager.using(rows.db).filter(pk__in=pks)._raw_delete(rows.db)
    return len(pks)


def _first(rows: QuerySet[Any], most: int | None = None) -> list[Any]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[: SLICE if most is None else most])
