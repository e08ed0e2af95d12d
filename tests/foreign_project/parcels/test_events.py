import pytest
from asgiref.sync import sync_to_async

from parcels.factories import CourierFactory, ParcelFactory
from parcels.live import couriers
from parcels.models import Parcel
from parcels.tokens import token_of


def test_a_factory_makes_events(event_log):
    vera = CourierFactory()
    ParcelFactory.create_batch(2, courier=vera, label="Tea")
    event_log.assert_events([("parcel.taken", {"label": "Tea"})] * 2, couriers(vera.pk))


def test_a_built_parcel_is_no_event(event_log):
    parcel = ParcelFactory.build(courier=CourierFactory())
    event_log.assert_events([])
    parcel.save()
    event_log.assert_events(["parcel.taken"])


@pytest.mark.asyncio
async def test_a_socket_sees_the_parcel(connect_socket):
    parcel = await sync_to_async(ParcelFactory)()
    async with connect_socket(token_of(parcel.courier)) as socket:
        await socket.subscribe(couriers(parcel.courier_id))
        await Parcel.objects.filter(pk=parcel.pk).adelete()
        event = await socket.event()
        assert (event["type"], event["data"]) == ("parcel.lost", {"id": parcel.pk})
