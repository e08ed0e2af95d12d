"""Live models as a type checker sees them: their columns, their querysets and their managers.

They are abstract, so that they need no app when a test imports this module.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_type
from uuid import UUID

from django.db import models

from tidewire.models import LiveModel, LiveQuerySet


class Room(LiveModel):
    name: models.CharField[str, str] = models.CharField(max_length=50)

    class Meta(LiveModel.Meta):
        abstract = True

    def __str__(self) -> str:
        return self.name


class MessageQuerySet(LiveQuerySet["Message"]):
    def kept(self) -> MessageQuerySet:
        return self.filter(deleted_at=None)


class Message(LiveModel):
    room: models.ForeignKey[Room, Room] = models.ForeignKey(Room, on_delete=models.CASCADE)
    room_id: UUID
    text: models.TextField[str, str] = models.TextField()
    deleted_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta(LiveModel.Meta):
        abstract = True

    def __str__(self) -> str:
        return self.text


def columns(room: Room) -> None:
    assert_type(room.id, UUID)
    assert_type(room.version, int)


def the_manager_of_a_live_model(room: Room) -> None:
    assert_type(Room.objects, LiveQuerySet[Room])
    assert_type(Room.objects.get(pk=room.pk), Room)
    assert_type(Room.objects.create(name="Harbour"), Room)
    assert_type(Room.objects.filter(name="Harbour").first(), Room | None)
    assert_type(Room.objects.filter(name="Harbour").update(name="Quay"), int)
    assert_type(Room.objects.filter(name="Harbour").touch("room.cleaned"), int)
    assert_type(Room.objects.bulk_create([room]), list[Room])
    assert_type(Room.objects.filter(name="Harbour").delete(), tuple[int, dict[str, int]])


def the_manager_of_a_queryset_of_ones_own(message: Message) -> None:
    assert_type(Message.objects.kept(), MessageQuerySet)
    assert_type(Message.objects.filter(text="").kept().get(), Message)
    assert_type(Message.objects.bulk_create([message]), list[Message])


def rows_of_another_model_are_refused(room: Room) -> None:
    Message.objects.bulk_create([room])  # pyright: ignore[reportArgumentType]  a room is no message
