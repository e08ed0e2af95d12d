"""The tests of the textbook's chat: what it does, and what it does not."""

from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.test import Client, TransactionTestCase
from talk.asgi import application

from chat.models import Message, Room


class TextbookChat(TransactionTestCase):
    def setUp(self):
        self.room = Room.objects.create(name="harbour")
        self.vera, self.ida = (User.objects.create_user(name) for name in ("vera", "ida"))
        self.room.members.set([self.vera, self.ida])

    async def socket_of(self, user):
        browser = Client()
        await sync_to_async(browser.force_login)(user)
        headers = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
        headers.append((b"cookie", f"sessionid={browser.cookies['sessionid'].value}".encode()))
        socket = WebsocketCommunicator(application, f"/ws/chat/{self.room.pk}/", headers=headers)
        self.assertEqual((await socket.connect())[0], True)
        return socket

    async def test_a_member_sees_the_messages_of_the_others(self):
        vera, ida = await self.socket_of(self.vera), await self.socket_of(self.ida)
        await vera.send_json_to({"text": "Ahoy"})
        self.assertEqual((await ida.receive_json_from())["text"], "Ahoy")
        self.assertEqual((await vera.receive_json_from())["text"], "Ahoy")
        await vera.disconnect()
        await ida.disconnect()

    async def test_a_message_of_another_writer_reaches_no_socket(self):
        """Of the admin, a command, a task: only the consumer sends to the group."""
        vera = await self.socket_of(self.vera)
        await Message.objects.acreate(room=self.room, author=self.ida, text="from the admin")
        self.assertTrue(await vera.receive_nothing())
        await vera.disconnect()

    async def test_a_member_who_is_removed_reads_on(self):
        vera, ida = await self.socket_of(self.vera), await self.socket_of(self.ida)
        await sync_to_async(self.room.members.remove)(self.ida)
        await vera.send_json_to({"text": "Is Ida gone?"})
        self.assertEqual((await ida.receive_json_from())["text"], "Is Ida gone?")
        await vera.disconnect()
        await ida.disconnect()
