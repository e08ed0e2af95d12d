"""What a live help desk is tested for, beside the tests that it had before."""

from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group
from django.core import checks
from django.test import TestCase
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tickets.factories import IncidentFactory, LabelFactory, TicketFactory, UserFactory
from tickets.live import groups, users
from tickets.models import Incident, Ticket
from tidewire.testing import LiveTestMixin, SocketClient, SocketError


class LiveTickets(LiveTestMixin, TestCase):
    databases = {"default", "archive"}

    @classmethod
    def setUpTestData(cls):
        cls.user = UserFactory()
        cls.ticket = TicketFactory(owner=cls.user, title="First")
        cls.stream = users(cls.user.pk)

    def client_of(self, user):
        client = APIClient(headers={"host": "localhost"})
        client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.get_or_create(user=user)[0].key}")
        return client

    def read(self):
        page = self.client_of(self.user).get("/api/tickets/").json()
        return {row["id"]: row for row in page["results"]}, page["stream"]

    def test_the_declarations_pass_the_checks(self):
        self.assertEqual(checks.run_checks(databases=["default", "archive"]), [])

    def test_the_old_rows_and_the_events_are_what_is_read_later(self):
        """Through every kind of write. Each block is recorded by itself, as by a transaction of its own."""
        TicketFactory.create_batch(3, owner=self.user)
        self.events_of(self.stream)
        rows, position = self.read()
        other = UserFactory()
        first, second, third, fourth = self.user.tickets.order_by("pk")
        for write in (
            lambda: self.user.tickets.update(is_open=False),
            lambda: Ticket.objects.filter(pk=first.pk).values("title").update(title="changed"),
            lambda: Ticket.objects.bulk_create([Ticket(owner=self.user, title=title) for title in "ab"]),
            lambda: Ticket.everything.filter(pk=second.pk).update(is_deleted=True),
            lambda: Ticket.everything.filter(pk=second.pk).update(is_deleted=False),
            lambda: first.labels.set(LabelFactory.create_batch(2)),
            lambda: first.labels.through.objects.all()[:1] and first.labels.remove(first.labels.first()),
            lambda: Incident.objects.filter(pk=IncidentFactory(owner=self.user).pk).update(severity=5, title="Fire"),
            lambda: Ticket.objects.filter(title="Fire").update(title="Smoke"),
            lambda: Ticket.objects.filter(pk=third.pk).update(assignee=other),
            lambda: other.delete(),
            lambda: Ticket.objects.filter(pk=fourth.pk).update(owner=UserFactory()),
            lambda: self.user.tickets.filter(title="a").delete(),
            lambda: third.delete(),
        ):
            write()
            self.events_of(self.stream)
        for event in self.events_of(self.stream)[position["offset"] :]:
            if event.type == "ticket.deleted":
                rows.pop(int(event.data["id"]), None)
            elif event.type.startswith("ticket."):
                rows[event.data["id"]] = event.data
        self.assertEqual(rows, self.read()[0])

    def test_users_and_groups_are_live(self):
        group = Group.objects.create(name="agents")
        self.user.groups.add(group)
        self.assert_events([("user.updated", {"groups": [group.pk]})], self.stream)
        self.user.groups.filter(name="agents").update(name="heroes")
        self.assert_events([("group.renamed", {"name": "heroes"})], groups(group.pk))
        self.client_of(self.user)
        APIClient().force_login(self.user)  # writes last_login
        self.assert_events([])

    def test_a_request_names_its_user(self):
        self.client_of(self.user).post("/api/tickets/", {"title": "Printer"}, format="json")
        self.assert_events([("ticket.created", {"title": "Printer"})], self.stream)

    async def test_a_socket_gets_the_owners_events_and_no_others(self):
        other = await sync_to_async(UserFactory)()
        token = await sync_to_async(Token.objects.create)(user=self.user)
        async with SocketClient(token.key) as socket:
            await socket.subscribe(self.stream)
            for stream in (users(other.pk), groups(1)):
                with self.assertRaises(SocketError):
                    await socket.subscribe(stream)
            await sync_to_async(TicketFactory)(owner=other)
            await sync_to_async(TicketFactory)(owner=self.user, title="Printer")
            self.assertEqual([event["data"]["title"] for event in await socket.events()], ["Printer"])
        with self.assertRaises(SocketError):
            async with SocketClient("nonsense"):
                pass
