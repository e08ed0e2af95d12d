"""What rooms and dashboards have in common: users share them, as members with a role.

A shared resource and its membership are two abstract models. Room and Member are one use of them, Dashboard and
DashboardMember the other.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self, TypeVar, cast
from uuid import UUID

from django.db import models, router, transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from api.models.ownership import MembershipQuerySet, check_ownership, may_change_owner
from tidewire.models import LiveModel, LiveQuerySet
from tidewire.rest.conflicts import Conflict

S = TypeVar("S", bound="SharedResource")


class Membership(LiveModel):
    """One user in one shared resource. A subclass adds the two foreign keys, `user` and the one that it names."""

    class Role(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        MEMBER = "member"

    resource_field: ClassVar[str]
    """The name of the foreign key to the resource."""
    related_to_user: ClassVar[str]
    """The name of these memberships in a query of users."""

    user: Any
    user_id: UUID
    objects = MembershipQuerySet[Any].as_manager()
    role = models.CharField(max_length=6, choices=Role.choices, default=Role.MEMBER)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(LiveModel.Meta):
        abstract = True

    def __str__(self) -> str:
        return f"{self.user_id} in {self.resource_id} ({self.role})"

    @property
    def resource_id(self) -> UUID:
        return getattr(self, f"{self.resource_field}_id")

    def save(self, **kwargs: Any) -> None:
        """As Django's. The bound keys that the user has made are checked before COMMIT, if the row was there before."""
        names, column = kwargs.get("update_fields"), f"{self.resource_field}_id"
        if self._state.adding or (names is not None and not may_change_owner(type(self), names)):
            super().save(**kwargs)
            return
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using, savepoint=False):
            stored = type(self)._base_manager.using(using).filter(pk=self.pk) if names != ["role"] else ()
            left = [getattr(row, column) for row in stored]  # another resource, when the membership moves
            check_ownership(type(self), [self.resource_id, *left], using)
            super().save(**kwargs)

    # The three below look at the other owners: call them with the resource locked.

    def change_role(self, role: str) -> None:
        """Gives the member another role. Raises Conflict when the resource would be left without an owner."""
        if role != self.Role.OWNER:
            self._require_another_owner()
        self.role = role
        self.save(update_fields=["role"])

    def hand_over(self, successor: Self) -> None:
        """Makes another member the owner. The present owner becomes an admin."""
        successor.change_role(self.Role.OWNER)
        self.change_role(self.Role.ADMIN)

    def leave(self) -> None:
        """Ends the membership. Raises Conflict for the last owner."""
        self._require_another_owner()
        self.delete()

    def _require_another_owner(self) -> None:
        if self.role != self.Role.OWNER:
            return
        owners = type(self).objects.filter(**{self.resource_field: self.resource_id}, role=self.Role.OWNER)
        if not owners.exclude(pk=self.pk).exists():
            raise Conflict("last_owner", f"A {self.resource_field} keeps at least one owner.")


class SharedQuerySet(LiveQuerySet[S]):
    """Both queries give rows the user's role as `my_role`. It is None for a guest of a public resource."""

    def shown(self) -> Self:
        """Those that are not being deleted."""
        return self

    def readable_by(self, user_id: Any) -> Self:
        """The resources that a user may read: the public ones, and those that the user is a member of."""
        member, column = self.model.membership_model(), self.model.membership_model().resource_field
        mine = member.objects.filter(**{column: OuterRef("pk")}, user_id=user_id)
        rows = self.shown().annotate(my_role=Subquery(mine.values("role")[:1]))
        return rows.filter(self.model.is_public_condition | Q(my_role__isnull=False))

    def ids_readable_by(self, user_id: Any) -> QuerySet[Any]:
        """The keys of the resources that `readable_by` returns, as a condition of what belongs to them.

        It begins with the user's few memberships, not with all resources. A public resource with a membership is there
        twice.
        """
        member, column = self.model.membership_model(), self.model.membership_model().resource_field
        mine = member.objects.filter(**{f"{column}__in": self.shown().values("pk")}, user_id=user_id)
        public = self.shown().filter(self.model.is_public_condition)
        return public.order_by().values("pk").union(mine.order_by().values(f"{column}_id"), all=True)

    def joined_by(self, user_id: Any) -> Self:
        """The resources that a user is a member of."""
        return self.shown().filter(members__user=user_id).annotate(my_role=F("members__role"))

    def create_for(self, owner_id: UUID, **fields: Any) -> S:
        """Creates a resource with its owner as the only member."""
        resource = self.create(**fields)
        resource.add_member(owner_id, Membership.Role.OWNER)
        resource.my_role = Membership.Role.OWNER
        return resource


class SharedResource(LiveModel):
    """A resource that users share. A subclass has a membership model with a related name of `members`."""

    is_public_condition: ClassVar[Q]
    """Holds for the rows that every signed-in user may read."""

    members: LiveQuerySet[Any]
    my_role: str | None
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SharedQuerySet[Self].as_manager()

    class Meta(LiveModel.Meta):
        abstract = True

    @classmethod
    def membership_model(cls) -> type[Membership]:
        return cast("type[Membership]", cls._meta.get_field("members").related_model)

    @property
    def is_hidden(self) -> bool:
        """Whether it is being deleted: its readers have lost it already."""
        return False

    @property
    def has_fixed_members(self) -> bool:
        """Whether no member may be added, be removed or become the owner."""
        return False

    def change(self, **values: Any) -> None:
        """Saves these columns."""
        for name, value in values.items():
            setattr(self, name, value)
        if values:
            self.save(update_fields=[*values, "updated_at"])

    def add_member(self, user_id: UUID, role: str = Membership.Role.MEMBER) -> Any:
        """Creates a membership and returns it. The user must not be a member yet."""
        model = self.membership_model()
        return model.objects.create(**{model.resource_field: self}, user_id=user_id, role=role)

    def join(self, user: Any) -> tuple[Any, bool]:
        """Makes the user a member. Returns the membership, and whether it is new. Call it with the resource locked."""
        member = self.members.filter(user=user).first()
        is_new = member is None
        member = member or self.add_member(user.pk)
        member.user = user
        return member, is_new

    def leave(self, user: Any) -> None:
        """Ends the user's membership, if there is one. Call it with the resource locked. Raises Conflict."""
        if member := self.members.filter(user=user).first():
            member.leave()

    def _possible_owners(self) -> LiveQuerySet[Any]:
        return self.members.filter(user__is_service=False, user__erased_at=None).select_related("user")

    def replace_owner(self, user: Any) -> None:
        """Makes another member the owner if `user` is the only one, or deletes the resource if there is none.

        Service accounts do not count. An admin comes before a member, and of these the one who joined first; an active
        account comes before a closed one.
        """
        others = list(self._possible_owners().exclude(user=user))
        if not others:
            self.delete()
        elif not self.has_fixed_members and not any(other.role == Membership.Role.OWNER for other in others):
            seniority = {Membership.Role.ADMIN: 0, Membership.Role.MEMBER: 1}
            successor = min(others, key=lambda m: (not m.user.is_active, seniority[m.role], m.joined_at, m.pk))
            successor.change_role(Membership.Role.OWNER)
