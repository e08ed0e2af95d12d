from parcels.access import own_courier
from parcels.models import Parcel
from parcels.serializers import ParcelSerializer, RoundSerializer
from tidewire import Fact, Live, Rate, StreamKind, register

couriers = StreamKind(
    "courier",
    may_subscribe=own_courier,
    has_presence=True,
    keeps_access=True,  # a courier's own stream is the courier's
    rate=Rate(events=5, seconds=0.5),  # a courier's screen gets at most five rate-limited events in half a second
)
round_started = Fact("round.started", kind=couriers, serializer=RoundSerializer)

register(
    Live(
        Parcel,
        stream=couriers.of("courier_id"),
        serializer=ParcelSerializer,
        created="parcel.taken",
        updated="parcel.moved",
        intents=("parcel.delivered",),
        deleted="parcel.lost",
        key=lambda parcel: {"id": parcel.pk},
        is_rate_limited=True,  # of many moves in a moment, only the last one becomes an event
    ),
    round_started,
)
