"""The same chat, live: what the textbook's could not do."""

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import Client, TestCase

from chat.live import rooms
from chat.models import Message, Room
from tidewire.testing import LiveTestMixin, SocketClient, SocketError


class LiveChat(LiveTestMixin, TestCase):
    def setUp(self):
        self.room = Room.objects.create(name="harbour")
        self.vera, self.ida = (User.objects.create_user(name) for name in ("vera", "ida"))
        self.room.members.set([self.vera, self.ida])
        self.stream = rooms(self.room.pk)

    def browser_of(self, user):
        browser = Client(headers={"host": "localhost"})
        browser.force_login(user)
        return browser

    async def socket_of(self, user):
        browser = await sync_to_async(self.browser_of)(user)
        cookie = f"sessionid={browser.cookies['sessionid'].value}"
        return SocketClient(headers={"Cookie": cookie, "Origin": "http://testserver"})

    async def test_a_member_sees_the_messages_of_the_others(self):
        vera = await sync_to_async(self.browser_of)(self.vera)
        async with await self.socket_of(self.ida) as ida:
            await ida.subscribe(self.stream)
            address = f"/rooms/{self.room.pk}/messages/"
            sent = await sync_to_async(vera.post)(address, {"text": "Ahoy"}, content_type="application/json")
            self.assertEqual(sent.status_code, 201)
            event = await ida.event()
            self.assertEqual((event["type"], event["data"]["text"]), ("message.created", "Ahoy"))
            self.assertEqual(event["data"]["author"], self.vera.pk)

    async def test_a_message_of_another_writer_reaches_every_socket(self):
        async with await self.socket_of(self.vera) as vera:
            await vera.subscribe(self.stream)
            await Message.objects.acreate(room=self.room, author=self.ida, text="from the admin")
            self.assertEqual((await vera.event())["data"]["text"], "from the admin")

    async def test_a_member_who_is_removed_reads_no_further(self):
        async with await self.socket_of(self.ida) as ida:
            await ida.subscribe(self.stream)
            await sync_to_async(self.room.members.remove)(self.ida)
            await ida.events()
            await Message.objects.acreate(room=self.room, author=self.vera, text="Is Ida gone?")
            texts = [event["data"].get("text") for event in await ida.events()]
            self.assertNotIn("Is Ida gone?", texts)
            with self.assertRaises(SocketError):
                await ida.subscribe(self.stream)

    async def test_what_was_missed_comes_after_a_reconnect(self):
        async with await self.socket_of(self.ida) as ida:
            position = await ida.subscribe(self.stream)
        await Message.objects.acreate(room=self.room, author=self.vera, text="while Ida was in a tunnel")
        async with await self.socket_of(self.ida) as ida:
            await ida.subscribe(self.stream, recover=True, epoch=position["epoch"], offset=position["offset"])
            self.assertEqual((await ida.event())["data"]["text"], "while Ida was in a tunnel")
