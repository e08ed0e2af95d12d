"""Bound keys end with the ownership of their maker.

A key that is bound to a room or a dashboard was made by one of its owners, who has seen its text. When this person is
no owner any more, on whatever write path, the key would go on reading what they may not read. So each transaction that
may have changed owners looks, just before its COMMIT, at the keys of the resources concerned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from uuid import UUID

from django.db import models, transaction

from api.models.keys import Key
from tidewire import PreCommitStep, note
from tidewire.models import LiveQuerySet

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class OwnershipCheck(PreCommitStep):
    """What is left to do when memberships of one resource have changed: end the keys of those who own it no more."""

    members: type[Any]
    """The model of the memberships."""
    resource_id: UUID

    @classmethod
    def run(cls, steps: list[Self], using: str) -> None:
        """One query for each kind of resource, where none of them has a key."""
        resources: defaultdict[type[Any], set[UUID]] = defaultdict(set)
        for step in steps:
            resources[step.members].add(step.resource_id)
        for members, ids in sorted(resources.items(), key=lambda entry: entry[0].resource_field):
            if lost := _lost_keys(members, ids, using):
                Key.objects.using(using).filter(pk__in=lost).end()


def _lost_keys(members: type[Any], ids: Iterable[UUID], using: str) -> list[UUID]:
    """Returns the keys bound to these resources whose maker does not own the resource."""
    streams = [f"{members.resource_field}:{id}" for id in ids]
    bound = Key.objects.using(using).filter(stream__in=streams, ended_at=None).values_list("pk", "stream", "made_by")
    makers = {maker for _, _, maker in bound}
    if not makers:
        return []
    owners = members.objects.using(using).filter(user__in=makers - {None}, user__is_active=True, role="owner")
    owned = {
        (f"{members.resource_field}:{id}", user) for id, user in owners.values_list(members.resource_field, "user")
    }
    return [pk for pk, stream, maker in bound if (stream, maker) not in owned]


class MembershipQuerySet(LiveQuerySet[M]):
    """Checks the ownership of keys after each bulk write, which sends no signal."""

    def update(self, **kwargs: Any) -> int:
        if not may_change_owner(self.model, kwargs):
            return super().update(**kwargs)
        with transaction.atomic(using=self.db, savepoint=False):
            check_ownership(self.model, self._resource_ids(), self.db)
            return super().update(**kwargs)

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        with transaction.atomic(using=self.db, savepoint=False):
            created: list[Any] = super().bulk_create(objs, *args, **kwargs)
            if kwargs.get("update_conflicts"):
                check_ownership(self.model, [row.resource_id for row in created], self.db)
            return created

    def _raw_delete(self, using: str | None) -> int:
        with transaction.atomic(using=using or self.db, savepoint=False):
            check_ownership(self.model, self._resource_ids(), using or self.db)
            return super()._raw_delete(using)

    def _resource_ids(self) -> list[UUID]:
        model: Any = self.model
        return list(self.order_by().values_list(f"{model.resource_field}_id", flat=True).distinct())


def may_change_owner(members: type[Any], names: Iterable[str]) -> bool:
    """Returns whether writing the fields of these names may take the ownership of a resource from a user."""
    field = members.resource_field
    return not {"role", "user", "user_id", field, f"{field}_id"}.isdisjoint(names)


def check_ownership(members: type[Any], resource_ids: Collection[UUID], using: str) -> None:
    """Has the keys of these resources checked at the end of the transaction. Call it inside one."""
    if resource_ids:
        note(using, [OwnershipCheck(members, id) for id in dict.fromkeys(resource_ids)])


def on_delete(instance: Any, using: str, **kwargs: Any) -> None:
    """Receives `post_delete` of a membership: of a single row, of a queryset, and of a cascade."""
    check_ownership(type(instance), [instance.resource_id], using)


def connect(members: type[models.Model]) -> None:
    """Connects the receiver for one kind of membership."""
    models.signals.post_delete.connect(on_delete, sender=members, dispatch_uid=f"api.ownership.{members._meta.label}")
