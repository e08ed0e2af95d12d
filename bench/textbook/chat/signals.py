"""After each save: tell the room's group."""

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from bench.textbook.chat.models import Message
from bench.textbook.chat.serializers import MessageSerializer


@receiver(post_save, sender=Message)
def message_saved(sender, instance: Message, created: bool, **kwargs) -> None:
    send(instance, "message.created" if created else "message.edited", MessageSerializer(instance).data)


@receiver(post_delete, sender=Message)
def message_deleted(sender, instance: Message, **kwargs) -> None:
    send(instance, "message.deleted", {"id": str(instance.pk)})


def send(message: Message, type: str, data: dict) -> None:
    event = {"type": type, "room": str(message.room_id), "data": {**data, "room": str(message.room_id)}}
    async_to_sync(get_channel_layer().group_send)(f"room_{message.room_id}", {"type": "chat.event", "event": event})
