"""One socket: `{"token": …}` first, then `{"subscribe": room}`, and from then on the group's events."""

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db.models import Q
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken

from bench.textbook.chat.models import Room


class ChatConsumer(AsyncJsonWebsocketConsumer):
    user_id = ""

    async def connect(self) -> None:
        self.rooms: set[str] = set()
        await self.accept()

    async def receive_json(self, content, **kwargs) -> None:
        if "token" in content:
            try:
                self.user_id = AccessToken(content["token"])["user_id"]
            except TokenError:
                await self.close(4401)
        elif "subscribe" in content and await self.may_read(content["subscribe"]):
            self.rooms.add(content["subscribe"])
            await self.channel_layer.group_add(f"room_{content['subscribe']}", self.channel_name)
            await self.send_json({"subscribed": content["subscribe"]})

    async def disconnect(self, code) -> None:
        for room in self.rooms:
            await self.channel_layer.group_discard(f"room_{room}", self.channel_name)

    async def chat_event(self, message) -> None:
        await self.send_json(message["event"])

    @database_sync_to_async
    def may_read(self, room_id: str) -> bool:
        readable = Q(kind="public") | Q(members__user_id=self.user_id)
        return bool(self.user_id) and Room.objects.filter(readable, pk=room_id).exists()
