"""What keys can be confined to. An entry per kind of stream: rooms and dashboards; what else has keys adds its own.

Such a key acts as a service account of its own, which comes in with its first key and goes with its last. What it wrote
stays, under its name.
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
from tidewire import StreamKind
from tidewire.ground.streams import parse


@dataclass(frozen=True)
class Home:
    """`open(user, id, lock)` answers the resource, if this user may manage its keys, and raises NotFound or
    PermissionDenied otherwise. `admit` gives a service account its place there, `dismiss` takes it away."""

    kind: StreamKind
    model: type[models.Model]
    open: Callable[[User, UUID, bool], Any]
    admit: Callable[[Any, User], None] = lambda resource, account: None
    dismiss: Callable[[User], None] = lambda account: None


HOMES: dict[str, Home] = {}


def register(home: Home) -> None:
    HOMES[home.kind.name] = home

    def on_delete(instance: Any, using: str, **kwargs: Any) -> None:
        """What is gone has no keys, and their accounts have nowhere to be."""
        keys = Key.objects.using(using).filter(stream=home.kind(instance.pk))
        User.objects.using(using).filter(is_service=True, pk__in=list(keys.values_list("user", flat=True))).delete()

    post_delete.connect(on_delete, sender=home.model, weak=False, dispatch_uid=f"api.homes.{home.kind.name}")


def open_home(user: User, stream: str, *, lock: bool = False) -> tuple[Home, Any]:
    """The resource behind a stream, for whoever may manage its keys. Raises NotFound or PermissionDenied."""
    kind, key = parse(stream) or ("", "")
    try:
        return HOMES[kind], HOMES[kind].open(user, UUID(key), lock)
    except (KeyError, ValueError):
        raise NotFound() from None


def dismiss(account: User, stream: str) -> None:
    """A service account whose last key was revoked leaves, and is closed."""
    if not account.is_service or Key.objects.filter(user=account, ended_at=None).exists():
        return
    HOMES[parse(stream)[0]].dismiss(account)
    account.is_active = False
    account.save(update_fields=["is_active"])


# -- rooms -----------------------------------------------------------------------------------------------------------


def _open_room(user: User, id: UUID, lock: bool) -> Room:
    if lock:
        Room.objects.select_for_update(no_key=True).filter(pk=id).values_list("pk").first()
    return permissions.room_for(user, id, permissions.Action.MANAGE_KEYS)


def _dismiss(account: User) -> None:
    for place in (Member, DashboardMember):
        for member in place.objects.filter(user=account):
            member.delete()


register(
    Home(
        streams.rooms,
        Room,
        open=_open_room,
        admit=lambda room, account: Member.objects.create(room=room, user=account),
        dismiss=_dismiss,
    )
)


# -- dashboards --------------------------------------------------------------------------------------------------------


def _open_dashboard(user: User, id: UUID, lock: bool) -> Dashboard:
    if lock:
        Dashboard.objects.select_for_update(no_key=True).filter(pk=id).values_list("pk").first()
    return permissions.dashboard_for(user, id, permissions.Action.MANAGE_KEYS)


register(
    Home(
        streams.dashboards,
        Dashboard,
        open=_open_dashboard,
        admit=lambda dashboard, account: DashboardMember.objects.create(dashboard=dashboard, user=account),
        dismiss=_dismiss,
    )
)
