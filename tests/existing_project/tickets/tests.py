"""The project's own tests, as they were before it was live."""

from archive.models import ClosedTicket
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import TestCase
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tickets.factories import IncidentFactory, LabelFactory, TicketFactory, UserFactory
from tickets.models import Incident, Label, Ticket


class TicketTest(TestCase):
    databases = {"default", "archive"}

    @classmethod
    def setUpTestData(cls):
        cls.user = UserFactory()
        cls.ticket = TicketFactory(owner=cls.user, title="First")

    def setUp(self):
        self.client = APIClient(headers={"host": "localhost"})
        token, _ = Token.objects.get_or_create(user=self.user)
        self.client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")

    def test_the_list_is_the_owners(self):
        TicketFactory(title="of another user")
        page = self.client.get("/api/tickets/").json()
        self.assertEqual([row["title"] for row in page["results"]], ["First"])

    def test_a_session_is_enough(self):
        client = APIClient(headers={"host": "localhost"})
        client.force_login(self.user)
        self.assertEqual(client.get("/api/tickets/").json()["count"], 1)

    def test_create_change_and_delete(self):
        made = self.client.post("/api/tickets/", {"title": "Second"}, format="json")
        self.assertEqual(made.status_code, 201)
        address = f"/api/tickets/{made.json()['id']}/"
        self.assertEqual(self.client.patch(address, {"is_open": False}, format="json").json()["is_open"], False)
        self.assertEqual(self.client.delete(address).status_code, 204)
        self.assertEqual(self.client.get(address).status_code, 404)
        self.assertEqual(Ticket.everything.count(), 2)

    def test_labels(self):
        self.ticket.labels.set(LabelFactory.create_batch(2))
        self.assertEqual(self.ticket.labels.count(), 2)

    def test_bulk_writes(self):
        Ticket.objects.bulk_create([Ticket(owner=self.user, title=title) for title in "abc"])
        self.assertEqual(Ticket.objects.filter(owner=self.user).update(is_open=False), 4)
        Label.objects.bulk_create(
            [Label(name="same"), Label(name="same")], ignore_conflicts=True
        )  # the keys are made there
        self.assertEqual(Label.objects.count(), 1)
        self.user.tickets.filter(title="a").delete()
        self.assertEqual(self.user.tickets.count(), 3)

    def test_an_incident_is_a_ticket(self):
        incident = IncidentFactory(owner=self.user)
        Incident.objects.filter(pk=incident.pk).update(severity=5, title="Fire")
        self.assertEqual(Ticket.objects.get(pk=incident.pk).title, "Fire")

    def test_groups(self):
        group = Group.objects.create(name="agents")
        self.user.groups.add(group)
        self.user.groups.filter(name="agents").update(name="heroes")
        self.assertEqual(self.user.groups.get().name, "heroes")

    def test_the_archive_is_another_database(self):
        with transaction.atomic(using="archive"):
            ClosedTicket.objects.create(title="Old")
        self.assertEqual(ClosedTicket.objects.using("archive").count(), 1)

    def test_a_user_who_goes(self):
        other = UserFactory()
        Ticket.objects.filter(pk=self.ticket.pk).update(assignee=other)
        other.delete()
        self.ticket.refresh_from_db()
        self.assertIsNone(self.ticket.assignee)
