"""What is watched, and by whom."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from api.models.conflicts import Conflict
from api.models.members import Member
from api.models.samples import Series
from tidewire.models import LiveModel


class Dashboard(LiveModel):
    class Visibility(models.TextChoices):
        PUBLIC = "public"
        PRIVATE = "private"

    name = models.CharField(max_length=100)
    visibility = models.CharField(max_length=7, choices=Visibility.choices, default=Visibility.PRIVATE)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(LiveModel.Meta):
        indexes = [models.Index(fields=["created_at", "id"], name="dashboard_by_time")]

    def __str__(self) -> str:
        return self.name

    def delete(self, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Who pushes holds its series: with all of them locked, nothing is added to what is about to be deleted."""
        with transaction.atomic():
            series = Series.objects.select_for_update().filter(metric__dashboard=self.pk).order_by("pk")
            list(series.values_list("pk"))
            return super().delete(**kwargs)

    delete.alters_data = True


class DashboardMember(LiveModel):
    """The roles are those of rooms: members read and push, admins shape it, owners may delete it."""

    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="dashboard_memberships")
    role = models.CharField(max_length=6, choices=Member.Role.choices, default=Member.Role.MEMBER)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(LiveModel.Meta):
        indexes = [models.Index(fields=["dashboard", "joined_at", "id"], name="dashboard_member_by_time")]
        constraints = [models.UniqueConstraint(fields=["dashboard", "user"], name="member_once_per_dashboard")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.dashboard_id} ({self.role})"

    # The changes below count the owners: call them with the dashboard locked.

    def take_role(self, role: str) -> None:
        if role != Member.Role.OWNER:
            self._keep_an_owner()
        self.role = role
        self.save(update_fields=["role"])

    def leave(self) -> None:
        self._keep_an_owner()
        self.delete()

    def _keep_an_owner(self) -> None:
        owners = DashboardMember.objects.filter(dashboard=self.dashboard_id, role=Member.Role.OWNER)
        if self.role == Member.Role.OWNER and not owners.exclude(pk=self.pk).exists():
            raise Conflict("last_owner", "A dashboard keeps at least one owner.")
