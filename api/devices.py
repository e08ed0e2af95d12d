"""Devices at a broker of MQTT: API keys, each with its id as the name of a user."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from api.models import DashboardMember, Key, Metric
from api.models.members import Member

PUSH = "samples:write"
WRITING_ROLES = (Member.Role.MEMBER, Member.Role.ADMIN, Member.Role.OWNER)


def alive_keys() -> list[Key]:
    """Returns the keys that can sign in at a broker, the oldest first. One query."""
    keys = Key.objects.alive().filter(user__is_active=True).exclude(broker_hash="")
    return list(keys.order_by("created_at", "pk"))


def sample_paths() -> dict[str, str]:
    """Returns {path: key's id} of the samples of all metrics that a key may write: the key that has each path.

    Several keys may write the same metric, and a broker does not say which one has. So the short path belongs to one of
    them: the oldest key that is bound to the dashboard, or else the oldest of the members' own. The others publish
    below their own names.
    """
    keys = [key for key in alive_keys() if PUSH in key.scopes]
    members = DashboardMember.objects.filter(user__in={key.user_id for key in keys}, role__in=WRITING_ROLES)
    dashboards: dict[UUID, set[UUID]] = defaultdict(set)
    for user_id, dashboard_id in members.values_list("user_id", "dashboard_id"):
        dashboards[user_id].add(dashboard_id)
    first: dict[UUID, str] = {}
    for key in sorted(keys, key=lambda key: not key.stream):
        for dashboard_id in dashboards[key.user_id]:
            if key.stream in ("", f"dashboard:{dashboard_id}"):
                first.setdefault(dashboard_id, str(key.pk))
    metrics = Metric.objects.filter(dashboard__in=first).values_list("pk", "dashboard_id")
    return {f"metrics/{pk}/samples": first[dashboard_id] for pk, dashboard_id in metrics}
