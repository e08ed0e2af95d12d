from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from chat.models import Message, Room


class ChatConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self):
        self.user, self.room_id = self.scope["user"], self.scope["url_route"]["kwargs"]["room_id"]
        if not await self.is_member():
            await self.close()
            return
        self.group = f"room_{self.room_id}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        if hasattr(self, "group"):
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content):
        message = await self.store(content["text"])
        event = {"type": "chat.message", "id": message.pk, "author": self.user.pk, "text": message.text}
        await self.channel_layer.group_send(self.group, event)

    async def chat_message(self, event):
        await self.send_json({"id": event["id"], "author": event["author"], "text": event["text"]})

    @database_sync_to_async
    def is_member(self):
        return self.user.is_authenticated and Room.objects.filter(pk=self.room_id, members=self.user).exists()

    @database_sync_to_async
    def store(self, text):
        return Message.objects.create(room_id=self.room_id, author=self.user, text=text)
