"""What follows a person's new name: the names clock, and the events of the rooms that show the name.

A rename locks no stream: a person may be in a thousand rooms. Each room and dashboard gets its `member.updated` from a
job, a few of them in one transaction, about a second later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connections, models
from django.db.models import signals

from api.models.memberships import Membership
from tidewire import PreCommitStep, job, note, start_job, touch

STREAMS_AT_ONCE = 20
"""Rooms or dashboards whose streams one transaction of the job locks."""


class NamesClock(models.Model):
    """A counter of one row, raised by every transaction that renames a person, whatever way it writes.

    A list that shows names is unchanged while its stream's position and this clock are.
    """

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    time = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.time)

    @classmethod
    def tick(cls, using: str) -> None:
        """Raises the clock. Its row is locked until the transaction ends."""
        table = f'"{cls._meta.db_table}"'
        with connections[using].cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (id, time) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET time = {table}.time + 1"
            )


@dataclass(frozen=True, slots=True)
class Renaming(PreCommitStep):
    """A person has a new name. The clock's row is locked just before COMMIT, and only then.

    `is_announced`: the rooms and dashboards get their events. Of an account that is erased they do not.
    """

    user_id: Any
    is_announced: bool = True

    @classmethod
    def run(cls, steps: list[Self], using: str) -> None:
        NamesClock.tick(using)
        for user_id in sorted({str(step.user_id) for step in steps if step.is_announced}):
            start_job(ANNOUNCE_NAME, user_id, using)


def note_renames(before: dict[Any, str], after: dict[Any, str], using: str) -> None:
    """Notes those users whose name is another one after a write. Both are {key: name}."""
    note(using, [Renaming(pk) for pk, name in after.items() if pk in before and before[pk] != name])


def connect() -> None:
    """Notes the new names of users that are saved one by one, also by fixtures and as proxies."""
    user = get_user_model()
    for sender in [model for model in apps.get_models() if model._meta.concrete_model is user]:
        signals.pre_save.connect(before_save, sender=sender, dispatch_uid=f"api.names.{sender._meta.label}")
        signals.post_save.connect(on_save, sender=sender, dispatch_uid=f"api.names.{sender._meta.label}")


def before_save(instance: Any, using: str, update_fields: Any, **kwargs: Any) -> None:
    if update_fields is None or "name" in update_fields:
        users = get_user_model()._base_manager.using(using).filter(pk=instance.pk)
        if connections[using].in_atomic_block:  # else a fixture is saved without a transaction
            users = users.select_for_update(no_key=True)
        vars(instance)["_names_before"] = dict(users.values_list("pk", "name"))


def on_save(instance: Any, using: str, **kwargs: Any) -> None:
    if before := vars(instance).pop("_names_before", None):
        note_renames(before, {instance.pk: instance.name}, using)


ANNOUNCE_NAME = "announce_name"


@job(ANNOUNCE_NAME)
def announce_name(user_id: str, progress: str, using: str) -> str | None:
    """Raises the version of the user's next STREAMS_AT_ONCE memberships, which makes a `member.updated` of each.

    The progress is `label:key` of the last one.
    """
    label, _, last = progress.partition(":")
    for model in _memberships():
        if label and model._meta.label != label:
            continue
        rows = model._base_manager.using(using).filter(user=user_id).order_by("pk")
        pks = list((rows.filter(pk__gt=last) if label else rows).values_list("pk", flat=True)[:STREAMS_AT_ONCE])
        if pks:
            touch(model._base_manager.using(using).filter(pk__in=pks))
            return f"{model._meta.label}:{pks[-1]}"
        label = ""  # the next model, from its beginning
    return None


def _memberships() -> list[Any]:
    return [model for model in apps.get_models() if issubclass(model, Membership)]
