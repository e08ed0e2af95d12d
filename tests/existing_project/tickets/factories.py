import factory
from django.contrib.auth.models import User

from tickets.models import Incident, Label, Ticket


class UserFactory(factory.django.DjangoModelFactory):
    username = factory.Sequence("user{}".format)

    class Meta:
        model = User


class LabelFactory(factory.django.DjangoModelFactory):
    name = factory.Sequence("label{}".format)

    class Meta:
        model = Label


class TicketFactory(factory.django.DjangoModelFactory):
    owner = factory.SubFactory(UserFactory)
    title = factory.Faker("sentence")

    class Meta:
        model = Ticket


class IncidentFactory(TicketFactory):
    severity = 3

    class Meta:
        model = Incident
