import json

from django.core import checks
from django.db import transaction
from django.test import TestCase, TransactionTestCase

from parcels.live import couriers, round_started
from parcels.models import Courier, Parcel
from parcels.tokens import authenticate, token_of
from tidewire import record_fact, updates_named
from tidewire.snapshots import read_after
from tidewire.testing import record_now


def events_of(courier):
    """Returns (type, data) of each event in the courier's stream."""
    events = [json.loads(entry.payload) for entry in read_after(couriers(courier.pk), 0).entries]
    return [(event["type"], event["data"]) for event in events]


class ParcelEvents(TestCase):
    def setUp(self):
        self.vera = Courier.objects.create_user("vera")
        self.parcel = Parcel.objects.create(courier=self.vera, label="Books")
        record_now()

    def test_the_declarations_pass_the_checks(self):
        self.assertEqual(checks.run_checks(), [])

    def test_keys_are_integers(self):
        (event,) = events_of(self.vera)
        self.assertEqual(event[0], "parcel.taken")
        self.assertEqual((event[1]["id"], event[1]["version"]), (self.parcel.pk, 1))
        self.assertIsInstance(self.parcel.pk, int)

    def test_an_update_says_why(self):
        with updates_named(Parcel, "parcel.delivered"):
            Parcel.objects.filter(pk=self.parcel.pk).update(is_delivered=True)
        (event,) = record_now()
        self.assertEqual((event.type, json.loads(event.payload)["data"]["is_delivered"]), ("parcel.delivered", True))

    def test_bulk_paths_are_live(self):
        Parcel.objects.bulk_create([Parcel(courier=self.vera, label=label) for label in ("Tea", "Soap")])
        self.assertEqual([event.type for event in record_now()], ["parcel.taken"] * 2)

    def test_a_deletion_event_carries_the_key(self):
        pk = self.parcel.pk
        self.parcel.delete()
        (event,) = record_now()
        self.assertEqual(json.loads(event.payload)["data"], {"id": pk})

    def test_a_parcel_changes_hands(self):
        ida = Courier.objects.create_user("ida")
        self.parcel.courier = ida
        self.parcel.save()
        record_now()
        self.assertEqual(events_of(self.vera)[-1][0], "parcel.lost")
        self.assertEqual(events_of(ida)[-1][0], "parcel.taken")

    def test_a_fact_is_an_event(self):
        record_fact(round_started, self.vera.pk, {"stops": 3})
        record_now()
        self.assertEqual(events_of(self.vera)[-1], ("round.started", {"stops": 3}))

    def test_a_token_is_the_couriers(self):
        self.assertEqual(authenticate(token_of(self.vera)).user_id, str(self.vera.pk))


class Rest(TransactionTestCase):
    def setUp(self):
        self.vera = Courier.objects.create_user("vera")
        self.headers = {"Authorization": f"Bearer {token_of(self.vera)}"}

    def test_a_list_names_its_position_and_the_events_go_on_from_there(self):
        made = self.client.post("/parcels/", {"label": "Books"}, headers=self.headers).json()
        before = self.client.get("/parcels/", headers=self.headers).json()
        self.assertEqual([row["id"] for row in before["results"]], [made["id"]])
        self.assertEqual(before["stream"]["channel"], f"courier:{self.vera.pk}")
        move = {"latitude": 1, "longitude": 2}
        moved = self.client.post(f"/parcels/{made['id']}/move/", move, headers=self.headers)
        self.assertEqual(moved.status_code, 204)
        (entry,) = read_after(before["stream"]["channel"], before["stream"]["offset"]).entries
        event = json.loads(entry.payload)
        self.assertEqual((event["type"], event["data"]["latitude"]), ("parcel.moved", 1.0))
        self.assertEqual(event["actor"], {"type": "user", "id": str(self.vera.pk)})

    def test_a_serializer_that_raises_rolls_the_write_back(self):
        def write():
            with transaction.atomic():
                Parcel.objects.create(courier=self.vera, label="Lost")
                record_fact(round_started, self.vera.pk, {"stops": "many"})

        self.assertRaises(ValueError, write)
        self.assertEqual((Parcel.objects.count(), events_of(self.vera)), (0, []))

    def test_a_request_without_a_credential_is_refused(self):
        self.assertEqual(self.client.get("/parcels/").status_code, 401)
