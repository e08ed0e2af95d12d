"""What an API key can be bound to: a room or a dashboard. Another app with a stream kind registers its own binding.

A bound key opens its one stream only. It acts as a service account, which is made with the key and becomes a member of
the resource. The account is closed when its last key is revoked; the messages it wrote stay, under its name.

A bound key ends when its maker may not manage the keys of the resource any more. For rooms and dashboards that happens
in the transaction that takes the ownership away (api/models/ownership.py). For every binding it is checked again when
the key is used, once in a while; an app whose rule changes may call `end_lost` at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models.signals import post_delete
from django.dispatch import receiver
from rest_framework.exceptions import NotFound, PermissionDenied

from api import streams
from api.models import Dashboard, DashboardMember, Key, Member, Room, User
from api.models.keys import keys_ended
from api.models.memberships import SharedResource
from api.permissions import Action, authorize
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


def has_owner(key: Key) -> bool:
    """Returns whether the maker of a bound key may still manage the keys of its resource."""
    maker = key.made_by
    if maker is None or not maker.is_active:
        return False
    try:
        return bool(resolve(maker, key.stream))
    except (NotFound, PermissionDenied):
        return False


def end_lost(stream: str) -> int:
    """Ends the keys of a stream whose makers may not manage them any more. Returns how many."""
    keys = Key.objects.filter(stream=stream, ended_at=None).select_related("made_by")
    lost = [key.pk for key in keys if not has_owner(key)]
    Key.objects.filter(pk__in=lost).end()
    return len(lost)


@receiver(keys_ended)
def close_unused(keys: list[Key], using: str, **kwargs: Any) -> None:
    """Closes the service accounts whose last key was revoked, and ends their memberships."""
    for key in keys:
        account = key.user
        if key.stream and not Key.objects.using(using).filter(user=account, ended_at=None).exists():
            kind, _ = parse_stream(key.stream) or ("", "")
            BINDINGS[kind].remove_account(account)
            account.is_active = False
            account.save(update_fields=["is_active"], using=using)


# -- rooms and dashboards --------------------------------------------------------------------------------------------


def _of_shared(kind: StreamKind, model: type[SharedResource]) -> KeyBinding:
    return KeyBinding(
        kind,
        model,
        find=lambda user, id, lock: authorize(model, user, id, Action.MANAGE_KEYS, lock=lock),
        add_account=lambda resource, account: resource.add_member(account.pk),
        remove_account=_end_memberships,
    )


def _end_memberships(account: User) -> None:
    for model in (Member, DashboardMember):
        for member in model.objects.filter(user=account):
            member.delete()


register(_of_shared(streams.rooms, Room))
register(_of_shared(streams.dashboards, Dashboard))
