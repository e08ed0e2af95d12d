"""What an API key can be bound to: a room or a dashboard. Another app with a stream kind registers its own binding.

A bound key opens its one stream only. It acts as a service account, which is made with the key and becomes a member of
the resource. The account is closed when its last key is revoked; the messages it wrote stay, under its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models.signals import post_delete
from rest_framework.exceptions import NotFound

from api import permissions, streams
from api.models import Dashboard, DashboardMember, Key, Member, Room, User
from tidewire import StreamKind, parse_stream


@dataclass(frozen=True)
class KeyBinding:
    """A kind of resource that keys can be bound to.

    `find(user, id, lock)` returns the resource if this user may manage its keys, and raises NotFound or
    PermissionDenied otherwise. `add_account(resource, account)` makes a service account a member of the resource,
    `remove_account(account)` ends its memberships.
    """

    kind: StreamKind
    model: type[models.Model]
    find: Callable[[User, UUID, bool], Any]
    add_account: Callable[[Any, User], None] = lambda resource, account: None
    remove_account: Callable[[User], None] = lambda account: None


BINDINGS: dict[str, KeyBinding] = {}
"""{name of a stream kind: binding}"""


def register(binding: KeyBinding) -> None:
    """Allows keys to be bound to resources of `binding.kind`. When a resource is deleted, so are their accounts."""
    BINDINGS[binding.kind.name] = binding

    def delete_accounts(instance: Any, using: str, **kwargs: Any) -> None:
        keys = Key.objects.using(using).filter(stream=binding.kind(instance.pk))
        User.objects.using(using).filter(is_service=True, pk__in=list(keys.values_list("user", flat=True))).delete()

    name = f"api.key_bindings.{binding.kind.name}"
    post_delete.connect(delete_accounts, sender=binding.model, weak=False, dispatch_uid=name)


def resolve(user: User, stream: str, *, lock: bool = False) -> tuple[KeyBinding, Any]:
    """Returns the binding and the resource of a stream, for a user who may manage the resource's keys.

    Raises NotFound or PermissionDenied for every other user, and for streams that take no keys.
    """
    kind, key = parse_stream(stream) or ("", "")
    try:
        return BINDINGS[kind], BINDINGS[kind].find(user, UUID(key), lock)
    except (KeyError, ValueError):
        raise NotFound() from None


def close_unused(account: User, stream: str) -> None:
    """Closes a service account whose last key was revoked, and ends its memberships."""
    if not account.is_service or Key.objects.filter(user=account, ended_at=None).exists():
        return
    kind, _ = parse_stream(stream) or ("", "")
    BINDINGS[kind].remove_account(account)
    account.is_active = False
    account.save(update_fields=["is_active"])


# -- rooms and dashboards --------------------------------------------------------------------------------------------


def _find_room(user: User, id: UUID, lock: bool) -> Room:
    if lock:
        Room.objects.select_for_update(no_key=True).filter(pk=id).values_list("pk").first()
    return permissions.room_for(user, id, permissions.Action.MANAGE_KEYS)


def _find_dashboard(user: User, id: UUID, lock: bool) -> Dashboard:
    if lock:
        Dashboard.objects.select_for_update(no_key=True).filter(pk=id).values_list("pk").first()
    return permissions.dashboard_for(user, id, permissions.Action.MANAGE_KEYS)


def _remove_account(account: User) -> None:
    for model in (Member, DashboardMember):
        for member in model.objects.filter(user=account):
            member.delete()


register(
    KeyBinding(
        streams.rooms,
        Room,
        find=_find_room,
        add_account=lambda room, account: Member.objects.create(room=room, user=account),
        remove_account=_remove_account,
    )
)
register(
    KeyBinding(
        streams.dashboards,
        Dashboard,
        find=_find_dashboard,
        add_account=lambda dashboard, account: DashboardMember.objects.create(dashboard=dashboard, user=account),
        remove_account=_remove_account,
    )
)
