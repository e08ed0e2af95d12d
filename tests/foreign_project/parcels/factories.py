import factory

from parcels.models import Courier, Parcel


class CourierFactory(factory.django.DjangoModelFactory):
    username = factory.Sequence("courier{}".format)

    class Meta:
        model = Courier


class ParcelFactory(factory.django.DjangoModelFactory):
    courier = factory.SubFactory(CourierFactory)
    label = factory.Faker("word")

    class Meta:
        model = Parcel
