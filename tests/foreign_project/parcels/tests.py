from asgiref.sync import sync_to_async
from django.core import checks
from django.db import transaction
from django.test import TestCase, TransactionTestCase

from parcels.live import couriers, round_started
from parcels.models import Courier, Parcel
from parcels.tokens import authenticate, token_of
from tidewire import record_fact, updates_named
from tidewire.testing import LiveTestMixin, SocketClient, SocketError


class ParcelEvents(LiveTestMixin, TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.vera = Courier.objects.create_user("vera")
        cls.parcel = Parcel.objects.create(courier=cls.vera, label="Books")

    def test_the_declarations_pass_the_checks(self):
        self.assertEqual(checks.run_checks(), [])

    def test_keys_are_integers(self):
        (event,) = self.events_of(couriers(self.vera.pk))
        self.assertEqual(event.type, "parcel.taken")
        self.assertEqual((event.data["id"], event.data["version"]), (self.parcel.pk, 1))
        self.assertIsInstance(self.parcel.pk, int)

    def test_an_update_says_why(self):
        with updates_named(Parcel, "parcel.delivered"):
            Parcel.objects.filter(pk=self.parcel.pk).update(is_delivered=True)
        self.assert_events([("parcel.delivered", {"is_delivered": True})])

    def test_bulk_paths_are_live(self):
        Parcel.objects.bulk_create([Parcel(courier=self.vera, label=label) for label in ("Tea", "Soap")])
        self.assert_events([("parcel.taken", {"label": "Tea"}), ("parcel.taken", {"label": "Soap"})])

    def test_a_deletion_event_carries_the_key(self):
        pk = self.parcel.pk
        Parcel.objects.get(pk=pk).delete()
        (event,) = self.assert_events(["parcel.lost"])
        self.assertEqual(event.data, {"id": pk})

    def test_a_parcel_changes_hands(self):
        ida = Courier.objects.create_user("ida")
        parcel = Parcel.objects.get(pk=self.parcel.pk)
        parcel.courier = ida
        parcel.save()
        self.assertEqual(self.events_of(couriers(self.vera.pk))[-1].type, "parcel.lost")
        self.assertEqual(self.events_of(couriers(ida.pk))[-1].type, "parcel.taken")

    def test_a_fact_is_an_event(self):
        record_fact(round_started, self.vera.pk, {"stops": 3})
        self.assert_events([("round.started", {"stops": 3})], couriers(self.vera.pk))

    def test_a_token_is_the_couriers(self):
        self.assertEqual(authenticate(token_of(self.vera)).user_id, str(self.vera.pk))

    async def test_a_socket_gets_the_couriers_events_and_no_others(self):
        ida = await sync_to_async(Courier.objects.create_user)("ida")
        async with SocketClient(token_of(self.vera)) as socket:
            await socket.subscribe(couriers(self.vera.pk))
            with self.assertRaises(SocketError):
                await socket.subscribe(couriers(ida.pk))
            await sync_to_async(Parcel.objects.create)(courier=ida, label="Salt")
            await sync_to_async(Parcel.objects.create)(courier=self.vera, label="Tea")
            self.assertEqual([event["data"]["label"] for event in await socket.events()], ["Tea"])


class Rest(LiveTestMixin, TransactionTestCase):
    def setUp(self):
        self.vera = Courier.objects.create_user("vera")
        self.headers = {"Authorization": f"Bearer {token_of(self.vera)}"}

    def test_a_list_names_its_position_and_the_events_go_on_from_there(self):
        made = self.client.post("/parcels/", {"label": "Books"}, headers=self.headers).json()
        before = self.client.get("/parcels/", headers=self.headers).json()
        self.assertEqual([row["id"] for row in before["results"]], [made["id"]])
        self.assertEqual((before["stream"]["channel"], before["stream"]["offset"]), (f"courier:{self.vera.pk}", 1))
        move = {"latitude": 1, "longitude": 2}
        moved = self.client.post(f"/parcels/{made['id']}/move/", move, headers=self.headers)
        self.assertEqual(moved.status_code, 204)
        _, event = self.assert_events(["parcel.taken", ("parcel.moved", {"latitude": 1.0})])
        self.assertEqual((event.offset, event.actor), (2, {"type": "user", "id": str(self.vera.pk)}))

    def test_a_serializer_that_raises_rolls_the_write_back(self):
        def write():
            with transaction.atomic():
                Parcel.objects.create(courier=self.vera, label="Lost")
                record_fact(round_started, self.vera.pk, {"stops": "many"})

        self.assertRaises(ValueError, write)
        self.assertEqual(Parcel.objects.count(), 0)
        self.assert_events([])

    def test_a_request_without_a_credential_is_refused(self):
        self.assertEqual(self.client.get("/parcels/").status_code, 401)
